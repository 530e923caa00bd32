import type { Command } from 'commander';
import { describeSettings } from '../config';
import { type Cli, settings } from './cli';

export const configCommand = (cli: Cli): Command =>
  cli.command('config', 'what is set, secrets masked').action(() => {
    const all = describeSettings(settings());
    cli.output.table(
      all.map(({ name, value, fallback, meaning }) => ({ name, value, default: fallback, meaning })),
      all.map(({ name, value, fallback }) => ({ SETTING: name, VALUE: value, DEFAULT: fallback })),
      '',
    );
  });
