import { type Command, Option } from 'commander';
import { EXPORT_LISTS, type ExportList, startExport } from '../services/exports/exports';
import { CSV_DIALECTS, type CsvDialect, EXPORT_FORMATS, type ExportFormat } from '../services/exports/form';
import { getWorkspace } from '../services/workspaces/workspaces';
import type { Cli } from './cli';
import { example } from './how-to-run';
import { toFile, toStandardOutput } from './streams';

interface ExportOptions {
  workspace: string;
  month?: string;
  what: ExportList;
  format: ExportFormat;
  dialect?: CsvDialect;
  out?: string;
}

/** The kind of its rows. */
const ROWS: Readonly<Record<ExportList, string>> = {
  records: 'charges',
  clients: 'clients',
  messages: 'turns',
};

export const exportCommand = (cli: Cli): Command =>
  cli
    .command('export', 'the charges, the clients or the turns of a month, to a file or to standard output')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--month <month>', 'a calendar month, such as 2025-01 (default: this one)')
    .addOption(
      new Option(
        '--what <list>',
        'records: charges and reversals; messages: every saved turn, with its texts',
      )
        .choices([...EXPORT_LISTS])
        .default('records'),
    )
    .addOption(
      new Option('--format <format>', 'the form of the file').choices([...EXPORT_FORMATS]).default('csv'),
    )
    .addOption(
      new Option(
        '--dialect <dialect>',
        'of CSV, exact where none is given; spreadsheet: nothing that would run; italian: the same for a spreadsheet in Italian',
      ).choices([...CSV_DIALECTS]),
    )
    .option('--out <file>', 'a file, which is there only when it is whole (default: standard output)')
    .addHelpText('after', example('export --workspace shop --month 2025-01 --out january.csv'))
    .action((options: ExportOptions) =>
      cli.run(async ({ services, database, sql, output }) => {
        const now = services.clock();
        const workspace = await getWorkspace(sql, options.workspace, now);
        const { what, format, dialect } = options;
        const period = { month: options.month };
        const made = await startExport(database, workspace, { period }, { what, format, dialect }, now);
        if (options.out === undefined) {
          await toStandardOutput(made.file);
          return;
        }
        await toFile(options.out, made.file);
        const { summary } = made;
        output.result(
          { file: options.out, ...summary, currency: workspace.currency },
          `${summary.rows} ${ROWS[what]}, ${summary.amount} ${workspace.currency}, in ${options.out}.`,
        );
      }),
    );
