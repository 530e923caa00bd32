import { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { Lease } from '../database/lease';
import { badInput } from '../errors';
import { findCustomersById } from '../services/customers/customers';
import { fixedForm } from '../services/ledger/members';
import {
  findStatement,
  listStatementLines,
  listStatements,
  type StatementRow,
} from '../services/ledger/statements';
import { PAGE_LIMIT } from '../services/page';
import { copyLines, readLines, statementJson } from '../services/paper/lines';
import { makePdf, STATEMENT_FORMATS, type StatementFormat } from '../services/paper/paper';
import { LANGUAGES, type Language } from '../services/paper/words';
import { getWorkspace } from '../services/workspaces/workspaces';
import { formatMicros } from '../values/money';
import { checkMonth, monthOf } from '../values/month';
import { type Cli, type CommandContext, OPERATOR } from './cli';
import { confirm } from './confirm';
import { example, toType } from './how-to-run';
import { alignAmounts, type Row } from './output';
import { standard, tell, toFile, toStandardOutput } from './streams';

export const statementCommand = (cli: Cli): Command =>
  cli.group('statement', 'closed months, frozen', [close(cli), list(cli), show(cli), exportForm(cli)]);

interface CloseOptions {
  workspace: string;
  month?: string;
  through?: string;
  yes?: boolean;
}

const close = (cli: Cli): Command =>
  cli
    .command('close', 'close a month that has ended, and freeze its statement for good')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--month <month>', 'this calendar month, such as 2026-10')
    .option('--through <month>', 'or every open month up to this one')
    .option('--yes', 'without being asked')
    .addHelpText('after', example('statement close --workspace shop --through 2026-10'))
    .action((options: CloseOptions) =>
      cli.run(async ({ services, output, sql }) => {
        const { month, through } = options;
        if ((month === undefined) === (through === undefined)) throw badInput('Give --month or --through.');
        const workspace = await getWorkspace(sql, options.workspace, services.clock());
        await confirm(
          `Close ${month ?? `all months through ${through}`} of ${workspace.name}, for good?`,
          options.yes,
        );
        const results =
          through === undefined
            ? [await services.closing.close(workspace.id, month ?? '', OPERATOR)]
            : await services.closing.closeThrough(workspace.id, through, OPERATOR, (next) => {
                if (standard('stderr').isTTY) tell(`closing ${next}\n`);
              });
        const values = results.map(({ statement, replayed }) => ({ ...jsonOf(statement), replayed }));
        output.table(
          values,
          statementCells(results.map(({ statement }) => statement)).map((cells, index) => ({
            ...cells,
            STATE: results[index]?.replayed ? 'closed before' : 'closed now',
          })),
          'Nothing was closed.',
        );
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'the statements of a workspace, newest first')
    .requiredOption('--workspace <id>', 'the workspace')
    .addHelpText('after', example('statement list --workspace shop'))
    .action((options: { workspace: string }) =>
      cli.run(async ({ services, output, sql }) => {
        await getWorkspace(sql, options.workspace, services.clock());
        const statements: StatementRow[] = [];
        for (let after: string | undefined; ; ) {
          const page = await listStatements(sql, options.workspace, { first: PAGE_LIMIT, after });
          statements.push(...page.items.map(({ node }) => node));
          if (!page.hasNextPage) break;
          after = page.items.at(-1)?.cursor;
        }
        output.table(statements.map(jsonOf), statementCells(statements), 'No month is closed.');
      }),
    );

interface ShowOptions {
  workspace: string;
  month: string;
  format?: StatementFormat;
  lang?: Language;
  out?: string;
}

const show = (cli: Cli): Command =>
  cli
    .command('show', "one statement with its clients' lines, in the terminal or as a file")
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--month <month>', 'the calendar month, such as 2026-10')
    .addOption(
      new Option('--format <format>', 'as a file (default: by the end of --out)').choices([
        ...STATEMENT_FORMATS,
      ]),
    )
    .addOption(new Option('--lang <language>', 'of the PDF (default: en)').choices([...LANGUAGES]))
    .option('--out <file>', 'a file, which is there only when it is whole (default: standard output)')
    .addHelpText(
      'after',
      example('statement show --workspace shop --month 2026-10 --out october.pdf --lang it'),
    )
    .action((options: ShowOptions) =>
      cli.run(async (context) => {
        const statement = await statementOf(context, options);
        const format = formatOf(options);
        if (format) await writeStatement(context, statement, { ...options, format });
        else await printStatement(context, statement);
      }),
    );

/** undefined: print for the terminal. */
function formatOf({ format, out }: ShowOptions): StatementFormat | undefined {
  if (format !== undefined || out === undefined) return format;
  const found = STATEMENT_FORMATS.find((known) => out.toLowerCase().endsWith(`.${known}`));
  if (!found)
    throw badInput(`${JSON.stringify(out)} names no format. Give --format ${STATEMENT_FORMATS.join(', ')}.`);
  return found;
}

async function writeStatement(
  { database, services, sql, output }: CommandContext,
  statement: StatementRow,
  { format, lang, out }: ShowOptions & { format: StatementFormat },
): Promise<void> {
  const { workspaceId } = statement;
  const { name } = await getWorkspace(sql, workspaceId, services.clock());
  if (lang && format !== 'pdf') throw badInput('--lang is for a PDF. Leave it out, or ask for --format pdf.');
  if (format === 'pdf' && out === undefined && standard('stdout').isTTY)
    throw badInput("A PDF can't be shown in a terminal. Give --out FILE.");
  const file =
    format === 'pdf'
      ? Readable.from([
          await makePdf({
            language: lang ?? 'en',
            shop: name,
            statement,
            ...(await readLines(sql, statement)),
          }),
        ])
      : (await copyLines(database, statement, format)).file;
  if (out === undefined) {
    await toStandardOutput(file);
    return;
  }
  await toFile(out, file);
  const { number, month, currency } = statement;
  const total = formatMicros(statement.totalMicros, currency);
  output.result({ file: out, number, month, total, currency }, `Statement ${number}, ${month}: in ${out}.`);
}

async function printStatement({ output, sql }: CommandContext, statement: StatementRow): Promise<void> {
  const lines = [];
  for (let after: string | undefined; ; ) {
    const page = await listStatementLines(sql, statement, { first: PAGE_LIMIT, after });
    const ids = page.items.map(({ node }) => node.customerId);
    const names = await findCustomersById(sql, statement.workspaceId, ids);
    for (const { node } of page.items) {
      lines.push({
        customerId: node.customerId,
        customer: names.get(node.customerId)?.name ?? '',
        month: monthOf(node.month),
        messages: Number(node.messages),
        amount: formatMicros(node.amountMicros, statement.currency),
      });
    }
    if (!page.hasNextPage) break;
    after = page.items.at(-1)?.cursor;
  }
  output.say(
    statementCells([statement])
      .flatMap((cells) => Object.entries(cells))
      .map(([name, value]) => `${name.padEnd(9)} ${value}`)
      .join('\n'),
  );
  output.say('');
  const amounts = alignAmounts(lines.map(({ amount }) => amount));
  output.table(
    [{ ...jsonOf(statement), lines }],
    lines.map((line, index) => ({
      CLIENT: line.customer,
      MONTH: line.month,
      TURNS: String(line.messages),
      AMOUNT: amounts[index] ?? '',
    })),
    'No client used anything.',
  );
}

const exportForm = (cli: Cli): Command =>
  cli
    .command(
      'export',
      "write a statement's ledger lines in their fixed form: their SHA-256 is the statement's",
    )
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--month <month>', 'the calendar month, such as 2026-10')
    .addHelpText('after', example('statement export --workspace shop --month 2026-10 | sha256sum'))
    .action((options: { workspace: string; month: string }) =>
      cli.run(async (context) => {
        const statement = await statementOf(context, options);
        const lease = await Lease.take(context.database);
        try {
          await toStandardOutput(fixedForm(lease, statement, statement.currency, statement.previousSha256));
        } finally {
          await lease.release();
        }
      }),
    );

async function statementOf(
  { services, sql }: CommandContext,
  { workspace: id, month }: { workspace: string; month: string },
): Promise<StatementRow> {
  const workspace = await getWorkspace(sql, id, services.clock());
  const statement = await findStatement(sql, workspace.id, checkMonth(month));
  if (!statement)
    throw badInput(`${month} is not closed. See: ${toType(`statement list --workspace ${workspace.id}`)}`);
  return statement;
}

/** Includes the actor, which only the operator may see. */
const jsonOf = (statement: StatementRow) => ({ ...statementJson(statement), closedBy: statement.closedBy });

/** The output of `list` and `show`, one row per statement. */
function statementCells(statements: readonly StatementRow[]): Row[] {
  const amounts = alignAmounts(
    statements.flatMap(({ totalMicros, carriedMicros, currency }) =>
      [totalMicros, carriedMicros].map((micros) => formatMicros(micros, currency)),
    ),
  );
  return statements.map((statement, index) => ({
    NUMBER: String(statement.number),
    MONTH: statement.month,
    TURNS: String(statement.messages),
    TOTAL: `${amounts[2 * index]} ${statement.currency}`,
    CARRIED: `${amounts[2 * index + 1]} ${statement.currency}`,
    SHA256: statement.sha256,
  }));
}
