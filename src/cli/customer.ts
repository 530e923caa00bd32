import { Command } from 'commander';
import { listCustomers } from '../services/customers';
import { PAGE_LIMIT } from '../services/page';
import { getWorkspace } from '../services/workspaces';
import { type Cli, OPERATOR } from './cli';

export const customerCommand = (cli: Cli): Command =>
  new Command('customer')
    .description('the people whose turns are charged')
    .addCommand(add(cli))
    .addCommand(list(cli));

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
