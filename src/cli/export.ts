import { type Command, Option } from 'commander';
import { exportRecords } from '../services/exports/exports';
import { CSV_DIALECTS, type CsvDialect, EXPORT_FORMATS, type ExportFormat } from '../services/exports/form';
import { getWorkspace } from '../services/workspaces/workspaces';
import type { Cli } from './cli';
import { example } from './how-to-run';
import { toFile, toStandardOutput } from './streams';

interface ExportOptions {
  workspace: string;
  month?: string;
  format: ExportFormat;
  dialect: CsvDialect;
  out?: string;
}

export const exportCommand = (cli: Cli): Command =>
  cli
    .command('export', 'every charge of a month, to a file or to standard output')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--month <month>', 'a calendar month, such as 2025-01 (default: this one)')
    .addOption(new Option('--format <format>', 'what to write').choices([...EXPORT_FORMATS]).default('csv'))
    .addOption(new Option('--dialect <dialect>', 'of CSV').choices([...CSV_DIALECTS]).default('exact'))
    .option('--out <file>', 'a file, which is there only when it is whole (default: standard output)')
    .addHelpText('after', example('export --workspace shop --month 2025-01 --out january.csv'))
    .action((options: ExportOptions) =>
      cli.run(async ({ services, database, sql, output }) => {
        const now = services.clock();
        const workspace = await getWorkspace(sql, options.workspace, now);
        const { format, dialect } = options;
        const made = await exportRecords(
          database,
          workspace,
          { period: { month: options.month } },
          { format, dialect },
          now,
        );
        if (options.out === undefined) {
          await toStandardOutput(made.file);
          return;
        }
        await toFile(options.out, made.file);
        const { summary } = made;
        output.result(
          { file: options.out, ...summary, currency: workspace.currency },
          `${summary.rows} charges, ${summary.amount} ${workspace.currency}, in ${options.out}.`,
        );
      }),
    );
