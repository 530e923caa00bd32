import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { Snapshot } from '../database/snapshot';
import { liftTimeLimit } from '../database/sql';
import type { BadRow, ImportRow } from '../services/customers/customer-import';
import { listCustomers } from '../services/customers/customers';
import { PAGE_LIMIT } from '../services/page';
import { exportPerson } from '../services/people/personal-data';
import { getWorkspace } from '../services/workspaces/workspaces';
import { type Cli, EXIT, OPERATOR } from './cli';
import { readCsv } from './csv-file';
import { eraseOne, listErasures } from './customer-erasure';
import { example } from './how-to-run';
import { progressLine } from './progress';
import { toStandardOutput } from './streams';

export const customerCommand = (cli: Cli): Command =>
  cli.group('customer', 'the people whose turns are charged', [
    add(cli),
    importFile(cli),
    list(cli),
    deactivate(cli),
    exportOne(cli),
    eraseOne(cli),
    listErasures(cli),
  ]);

interface AddOptions {
  workspace: string;
  name: string;
  phone?: string;
  whatsappUserId?: string;
  inactive?: boolean;
  active?: boolean;
}

const add = (cli: Cli): Command =>
  cli
    .command('add', 'register a customer, or update the one with the same phone number or WhatsApp user id')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--name <name>', 'the name')
    .option('--phone <number>', 'the phone number: +393331234567, or as WhatsApp writes it, 393331234567')
    .option('--whatsapp-user-id <id>', "WhatsApp's user id, for contacts who hide their number")
    .option('--inactive', 'with the chatbot switched off: turns are saved, not charged')
    .option('--active', 'with the chatbot switched on again')
    .addHelpText('after', example('customer add --workspace shop --name "Mario Rossi" --phone +393331234567'))
    .action((options: AddOptions) =>
      cli.run(async ({ services, output, sql }) => {
        await getWorkspace(sql, options.workspace, services.clock());
        const customer = await services.customers.register(
          options.workspace,
          {
            name: options.name,
            phoneNumber: options.phone,
            whatsappUserId: options.whatsappUserId,
            activeChatbot: options.inactive ? false : options.active ? true : undefined,
          },
          OPERATOR,
        );
        output.result(customer, `Registered ${customer.name} as ${customer.id}.`);
      }),
    );

const list = (cli: Cli): Command =>
  cli
    .command('list', 'the customers of a workspace, by name')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--search <text>', 'a part of the name, the phone number or the WhatsApp user id')
    .addHelpText('after', example('customer list --workspace shop --search rossi'))
    .action((options: { workspace: string; search?: string }) =>
      cli.run(async ({ services, output, sql }) => {
        await getWorkspace(sql, options.workspace, services.clock());
        const customers = [];
        for (let after: string | undefined; ; ) {
          const page = await listCustomers(sql, options.workspace, {
            search: options.search,
            first: PAGE_LIMIT,
            after,
          });
          customers.push(...page.items.map(({ node }) => node));
          if (!page.hasNextPage) break;
          after = page.items.at(-1)?.cursor;
        }
        output.table(
          customers,
          customers.map((customer) => ({
            ID: customer.id,
            NAME: customer.name,
            PHONE: customer.phoneNumber ?? '',
            'WHATSAPP USER ID': customer.whatsappUserId ?? '',
            CHATBOT: customer.activeChatbot ? 'on' : 'off',
          })),
          'No customers.',
        );
      }),
    );

const deactivate = (cli: Cli): Command =>
  cli
    .command('deactivate', 'switch the chatbot off for a customer: turns are saved from then on, not charged')
    .requiredOption('--workspace <id>', 'the workspace')
    .requiredOption('--customer <id>', "the customer's id, as customer list shows it")
    .addHelpText('after', example('customer deactivate --workspace shop --customer 0190d2b4-...'))
    .action((options: { workspace: string; customer: string }) =>
      cli.run(async ({ services, output }) => {
        const customer = await services.customers.setActive(
          options.workspace,
          options.customer,
          false,
          OPERATOR,
        );
        output.result(customer, `Switched the chatbot off for ${customer.name}.`);
      }),
    );

interface ExportOptions {
  workspace: string;
  customer?: string;
  phone?: string;
  whatsappUserId?: string;
}

const exportOne = (cli: Cli): Command =>
  cli
    .command('export', 'all that is kept of one person, as one JSON: to answer who asks for their own data')
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--phone <number>', 'who it is: the phone number, also of somebody who was never registered')
    .option('--whatsapp-user-id <id>', "or WhatsApp's user id")
    .option('--customer <id>', "or the customer's id, as customer list shows it")
    .addHelpText('after', example('customer export --workspace shop --phone +393331234567 > mario.json'))
    .action((options: ExportOptions) =>
      cli.run(async ({ services, database, sql }) => {
        const now = services.clock();
        const workspace = await getWorkspace(sql, options.workspace, now);
        const snapshot = new Snapshot(database, now);
        try {
          await liftTimeLimit(snapshot);
          const { customer: customerId, phone: phoneNumber, whatsappUserId } = options;
          const pieces = exportPerson(snapshot, workspace, { customerId, phoneNumber, whatsappUserId });
          await toStandardOutput(Readable.from(pieces));
        } finally {
          await snapshot.end();
        }
      }),
    );

const importFile = (cli: Cli): Command =>
  cli
    .command('import', 'register the customers of a CSV file: name, phone, whatsapp_user_id, active')
    .argument(
      '<file>',
      'CSV in UTF-8 with a header, with commas or semicolons; phone or whatsapp_user_id is needed, active is true or false',
    )
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--skip-bad', 'import the good rows though there are bad ones')
    .addHelpText('after', example('customer import customers.csv --workspace shop'))
    .action((file: string, options: { workspace: string; skipBad?: boolean }) =>
      cli.run(async ({ services, output, sql }) => {
        await getWorkspace(sql, options.workspace, services.clock());
        const { rows, misread } = await readRows(file);
        const result = await services.customerImporter.import(options.workspace, rows, {
          misread,
          skipBad: options.skipBad === true,
          actor: OPERATOR,
          progress: progressLine('customers'),
        });
        for (const { line, why } of result.bad.slice(0, BAD_SHOWN)) output.say(`line ${line}: ${why}`);
        if (result.bad.length > BAD_SHOWN)
          output.say(`and ${result.bad.length - BAD_SHOWN} more (--json has all)`);
        const { created, updated, unchanged, bad, imported } = result;
        output.result(
          result,
          imported
            ? `Imported: ${created} new, ${updated} updated, ${unchanged} unchanged, ${bad.length} left out.`
            : `Nothing was imported: ${bad.length} bad rows. Mend them, or give --skip-bad.`,
        );
        if (!imported) process.exitCode = EXIT.badCall;
      }),
    );

const BAD_SHOWN = 20;
const FILE = { columns: ['name', 'phone', 'whatsapp_user_id', 'active'], needed: ['name'] };

async function readRows(file: string): Promise<{ rows: ImportRow[]; misread: BadRow[] }> {
  const rows: ImportRow[] = [];
  const misread: BadRow[] = [];
  for await (const { line, record, why = whyMisread(record) } of readCsv(file, FILE)) {
    if (why === undefined) rows.push({ line, registration: toRegistration(record) });
    else misread.push({ line, why });
  }
  return { rows, misread };
}

const whyMisread = ({ active = '' }: Record<string, string>): string | undefined =>
  /^(true|false|)$/i.test(active)
    ? undefined
    : `active is ${JSON.stringify(active)}; true or false is expected.`;

function toRegistration(record: Record<string, string>): ImportRow['registration'] {
  const { name = '', phone, whatsapp_user_id: whatsappUserId, active = '' } = record;
  return {
    name,
    phoneNumber: phone,
    whatsappUserId,
    activeChatbot: active === '' ? null : active.toLowerCase() === 'true',
  };
}
