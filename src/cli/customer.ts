import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'csv-parse';
import { badInput } from '../errors';
import type { ImportRow } from '../services/customers/customer-import';
import { listCustomers } from '../services/customers/customers';
import { PAGE_LIMIT } from '../services/page';
import { getWorkspace } from '../services/workspaces/workspaces';
import { type Cli, EXIT, OPERATOR } from './cli';
import { progressLine } from './progress';

export const customerCommand = (cli: Cli): Command =>
  cli.group('customer', 'the people whose turns are charged', [
    add(cli),
    importFile(cli),
    list(cli),
    deactivate(cli),
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
    .addHelpText(
      'after',
      '\nExample:\n  centesimo customer add --workspace shop --name "Mario Rossi" --phone +393331234567',
    )
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
    .addHelpText('after', '\nExample:\n  centesimo customer list --workspace shop --search rossi')
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
    .addHelpText(
      'after',
      '\nExample:\n  centesimo customer deactivate --workspace shop --customer 0190d2b4-...',
    )
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

const importFile = (cli: Cli): Command =>
  cli
    .command('import', 'register the customers of a CSV file: name, phone, whatsapp_user_id, active')
    .argument(
      '<file>',
      'CSV in UTF-8 with a header; phone or whatsapp_user_id is needed, active is true or false',
    )
    .requiredOption('--workspace <id>', 'the workspace')
    .option('--skip-bad', 'import the good rows though there are bad ones')
    .addHelpText('after', '\nExample:\n  centesimo customer import customers.csv --workspace shop')
    .action((file: string, options: { workspace: string; skipBad?: boolean }) =>
      cli.run(async ({ services, output, sql }) => {
        await getWorkspace(sql, options.workspace, services.clock());
        const result = await services.customerImporter.import(options.workspace, await readRows(file), {
          skipBad: options.skipBad === true,
          actor: OPERATOR,
          progress: progressLine('customers'),
        });
        for (const { line, why } of result.bad.slice(0, BAD_SHOWN)) output.say(`line ${line}: ${why}`);
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
const COLUMNS = ['name', 'phone', 'whatsapp_user_id', 'active'];

interface CsvRecord {
  record: Record<string, string>;
  info: { lines: number };
}

async function readRows(file: string): Promise<ImportRow[]> {
  const parser = createReadStream(file).pipe(
    parse({
      bom: true,
      columns: checkHeader,
      info: true,
      skip_empty_lines: true,
      trim: true,
      relax_column_count_less: true,
    }),
  );
  const rows: ImportRow[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      rows.push({ line: info.lines, registration: toRegistration(record, info.lines) });
    }
  } catch (error) {
    throw error instanceof Error && !('status' in error) ? badInput(`${file}: ${error.message}`) : error;
  }
  return rows;
}

function checkHeader(header: string[]): string[] {
  const names = header.map((name) => name.toLowerCase());
  const unknown = names.find((name) => !COLUMNS.includes(name));
  if (unknown !== undefined || !names.includes('name')) {
    throw badInput(
      `The header must name columns of ${COLUMNS.join(', ')}, and name among them; got ${header.join(', ')}.`,
    );
  }
  return names;
}

function toRegistration(record: Record<string, string>, line: number): ImportRow['registration'] {
  const { name = '', phone, whatsapp_user_id: whatsappUserId, active = '' } = record;
  if (!/^(true|false|)$/i.test(active))
    throw badInput(`line ${line}: active is ${JSON.stringify(active)}; true or false is expected.`);
  return {
    name,
    phoneNumber: phone,
    whatsappUserId,
    activeChatbot: active === '' ? null : active.toLowerCase() === 'true',
  };
}
