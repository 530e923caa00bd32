import type { Command } from 'commander';
import { describeSettings, settingsAsMarkdown } from '../config';
import { type Cli, settings } from './cli';
import { print } from './streams';

export const configCommand = (cli: Cli): Command =>
  cli
    .command('config', 'what is set, secrets masked')
    .option('--markdown', 'print the table of docs/configuration.md')
    .action((options: { markdown?: boolean }) => {
      if (options.markdown) {
        print(`${settingsAsMarkdown()}\n`);
        return;
      }
      const all = describeSettings(settings());
      cli.output.table(
        all.map(({ name, value, fallback, meaning }) => ({ name, value, default: fallback, meaning })),
        all.map(({ name, value, fallback }) => ({ SETTING: name, VALUE: value, DEFAULT: fallback })),
        '',
      );
    });
