import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { badInput } from '../errors';
import type { Erased } from '../services/people/erasure';
import { listReceipts, type Receipt } from '../services/people/receipts';
import { readReceipts, receiptJson } from '../services/people/receipts-file';
import { getWorkspace, listAllWorkspaces } from '../services/workspaces/workspaces';
import { formatMicros } from '../values/money';
import { formatInstant } from '../values/time';
import { type Cli, type CommandContext, OPERATOR } from './cli';
import { confirm } from './confirm';
import { example, toType } from './how-to-run';
import { standard, tell, toStandardOutput } from './streams';

interface EraseOptions {
  workspace?: string;
  customer?: string;
  phone?: string;
  whatsappUserId?: string;
  reason?: string;
  again?: string;
  yes?: boolean;
}

export const eraseOne = (cli: Cli): Command =>
  cli
    .command('erase', 'forget a person for good: texts, names, numbers and keys go, charges stay')
    .option('--workspace <id>', 'the workspace')
    .option('--phone <number>', 'who it is: the phone number, also of somebody who was never registered')
    .option('--whatsapp-user-id <id>', "or WhatsApp's user id")
    .option('--customer <id>', "or the customer's id, as customer list shows it")
    .option('--reason <text>', 'why, for the audit trail; without personal data')
    .option('--again <file>', 'or, after a backup was restored: everybody of whom the file has a receipt')
    .option('--yes', 'without being asked')
    .addHelpText(
      'after',
      example('customer erase --workspace shop --phone +393331234567 --reason "asked by e-mail"'),
    )
    .action((options: EraseOptions) =>
      options.again === undefined
        ? cli.run((context) => erase(context, options))
        : cli.run((context) => eraseAgain(context, options, options.again ?? '')),
    );

async function erase({ services, output, sql }: CommandContext, options: EraseOptions): Promise<void> {
  const { customer: customerId, phone: phoneNumber, whatsappUserId, reason } = options;
  if (options.workspace === undefined || reason === undefined)
    throw badInput('Give --workspace and --reason, or --again with a file of receipts.');
  const workspace = await getWorkspace(sql, options.workspace, services.clock());
  await confirm(
    `Forget ${customerId ?? phoneNumber ?? whatsappUserId ?? 'this person'} of ${workspace.name}, for good?`,
    options.yes,
  );
  const input = { customerId, phoneNumber, whatsappUserId, reason };
  const erased = await services.eraser.erase(workspace.id, input, OPERATOR, progress());
  output.result({ ...receiptJson(erased.receipt, erased.currency), replayed: erased.replayed }, say(erased));
}

const say = ({ receipt, currency, replayed }: Erased): string =>
  `${replayed ? 'Nothing was left: forgotten before' : 'Forgotten'}, receipt ${receipt.id}: ${receipt.messages} turns emptied; ${receipt.charges} charges stay, ${formatMicros(receipt.amountMicros, currency)} ${currency}. Backups still have it: keep receipts outside them, ${toType('customer erasures --ndjson')}`;

async function eraseAgain(
  { services, output, sql }: CommandContext,
  options: EraseOptions,
  file: string,
): Promise<void> {
  const { workspace, customer, phone, whatsappUserId, reason } = options;
  if ([workspace, customer, phone, whatsappUserId, reason].some((given) => given !== undefined))
    throw badInput('--again takes the people from the file: give no other option but --yes.');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw badInput(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  const receipts = readReceipts(text);
  const there = new Set((await listAllWorkspaces(sql, services.clock())).map(({ id }) => id));
  await confirm(`Forget again everybody of ${receipts.length} receipts, for good?`, options.yes);
  const done = { receipts: 0, customers: 0, messages: 0 };
  const missing: string[] = [];
  for (const [workspaceId, theirs] of byWorkspace(receipts)) {
    if (!there.has(workspaceId)) {
      missing.push(workspaceId);
      continue;
    }
    const again = await services.eraser.eraseAgain(workspaceId, theirs, OPERATOR, progress());
    done.receipts += theirs.length;
    done.customers += again.customers;
    done.messages += again.messages;
  }
  const left = missing.length === 0 ? '' : ` Not in this database: ${missing.join(', ')}.`;
  output.result(
    { ...done, missingWorkspaces: missing },
    `${done.receipts} receipts: ${done.customers} customers and ${done.messages} turns were forgotten again.${left}`,
  );
}

function byWorkspace(receipts: readonly Receipt[]): Map<string, Receipt[]> {
  const found = new Map<string, Receipt[]>();
  for (const receipt of receipts)
    found.set(receipt.workspaceId, [...(found.get(receipt.workspaceId) ?? []), receipt]);
  return found;
}

/** Shows a count on one line of a terminal; prints nothing elsewhere. */
function progress(): (messages: number) => void {
  if (!standard('stderr').isTTY) return () => undefined;
  return (messages) => tell(`\r${messages} turns forgotten`);
}

export const listErasures = (cli: Cli): Command =>
  cli
    .command('erasures', 'the receipts of whom was forgotten, oldest first; they hold no personal data')
    .option('--workspace <id>', 'only of this workspace (default: of all)')
    .option('--ndjson', 'one JSON a line, to be kept outside the backups: customer erase --again reads it')
    .addHelpText('after', example('customer erasures --ndjson > receipts.ndjson'))
    .action((options: { workspace?: string; ndjson?: boolean }) =>
      cli.run(async ({ services, output, sql }) => {
        if (options.workspace !== undefined) await getWorkspace(sql, options.workspace, services.clock());
        const receipts = await listReceipts(sql, options.workspace);
        const values = receipts.map((receipt) => receiptJson(receipt, receipt.currency));
        if (options.ndjson) {
          await toStandardOutput(Readable.from(values.map((value) => `${JSON.stringify(value)}\n`)));
          return;
        }
        output.table(
          values,
          receipts.map((receipt) => ({
            ID: receipt.id,
            WORKSPACE: receipt.workspaceId,
            AT: formatInstant(receipt.erasedAt),
            TURNS: String(receipt.messages),
            CHARGES: String(receipt.charges),
            AMOUNT: `${formatMicros(receipt.amountMicros, receipt.currency)} ${receipt.currency}`,
          })),
          'Nobody was erased.',
        );
      }),
    );
