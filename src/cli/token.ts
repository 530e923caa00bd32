import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config';
import { getWorkspace } from '../services/workspaces/workspaces';
import { baseUrl } from '../values/base-url';
import { formatInstant } from '../values/time';
import { type Cli, OPERATOR } from './cli';
import { example } from './how-to-run';

export const tokenCommand = (cli: Cli): Command =>
  cli.group('token', 'who may call: bearer tokens', [create(cli), list(cli), rotate(cli), revoke(cli)]);

interface CreateOptions {
  kind: string;
  name: string;
  workspace: string[];
  scope?: string[];
  expiresIn?: number;
}

const create = (cli: Cli): Command =>
  cli
    .command('create', 'create a token; it is shown once and stored as a hash only')
    .requiredOption('--kind <kind>', 'service (n8n), client (dashboards) or analyst')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--workspace <id...>', 'the workspaces it is for')
    .option('--scope <scope...>', 'what it may do (default: what its kind usually has)')
    .option(
      '--expires-in <days>',
      'days until it expires (default: 365 for service, 90 for others; at most 730)',
      wholeNumber,
    )
    .addHelpText('after', example('token create --kind service --name n8n --workspace shop'))
    .action((options: CreateOptions) =>
      cli.run(async ({ config, services, output }) => {
        const made = await services.tokens.create(
          {
            kind: options.kind,
            name: options.name,
            workspaceIds: options.workspace,
            scopes: options.scope,
            expiresInDays: options.expiresIn,
          },
          OPERATOR,
        );
        const link = opensDashboard(made.scopes) ? dashboardLink(config, made.token) : undefined;
        const lines = [
          made.token,
          '',
          `Keep it now: it is not shown again. It expires on ${formatInstant(made.expiresAt)} (id ${made.id}).`,
          ...(link === undefined ? [] : ['', 'Opens the dashboard, signed in:', `  ${link}`, BEHIND_A_PROXY]),
        ];
        output.result({ ...made, ...(link === undefined ? {} : { link }) }, lines.join('\n'));
      }),
    );

const opensDashboard = (scopes: readonly string[]): boolean => scopes.includes('usage:read');

/** The page removes the token from the address bar at once. */
const dashboardLink = ({ host, port }: Config, token: string): string =>
  `${baseUrl(host, port)}/dashboard#token=${token}`;

const BEHIND_A_PROXY = "Send it with your server's public address in front of /dashboard, over https.";

const list = (cli: Cli): Command =>
  cli
    .command('list', 'all tokens, newest first, without their secrets')
    .option('--workspace <id>', 'only those that open this workspace')
    .addHelpText('after', example('token list --workspace shop'))
    .action(({ workspace }: { workspace?: string }) =>
      cli.run(async ({ services, output, sql }) => {
        if (workspace !== undefined) await getWorkspace(sql, workspace, services.clock());
        const tokens = await services.tokens.list(workspace);
        output.table(
          tokens,
          tokens.map((token) => ({
            ID: token.id,
            KIND: token.kind,
            NAME: token.name,
            HINT: token.hint,
            WORKSPACES: token.workspaceIds.join(' '),
            SCOPES: token.scopes.join(' '),
            STATE: token.state,
            EXPIRES: formatInstant(token.expiresAt),
            'LAST USED': token.lastUsedAt ? formatInstant(token.lastUsedAt) : 'never',
          })),
          'No tokens.',
        );
      }),
    );

const revoke = (cli: Cli): Command =>
  cli
    .command('revoke', 'end a token now, on every running server')
    .argument('<id>', "the token's id, as token list shows it")
    .addHelpText('after', example('token revoke 0190d2b4-...'))
    .action((id: string) =>
      cli.run(async ({ services, output }) => {
        const token = await services.tokens.revoke(id, OPERATOR);
        output.result(token, `Revoked ${token.name} (${token.hint}).`);
      }),
    );

const rotate = (cli: Cli): Command =>
  cli
    .command('rotate', 'make a successor with the same rights; the old token lives on for the overlap')
    .argument('<id>', "the token's id, as token list shows it")
    .option('--overlap <hours>', 'hours for which the old token still works', wholeNumber, 24)
    .addHelpText('after', example('token rotate 0190d2b4-... --overlap 48'))
    .action((id: string, options: { overlap: number }) =>
      cli.run(async ({ services, output }) => {
        const made = await services.tokens.rotate(id, OPERATOR, options.overlap);
        output.result(
          made,
          `${made.token}\n\nKeep it now: it is not shown again. The old token works until ${formatInstant(made.oldExpiresAt)}.`,
        );
      }),
    );

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}
