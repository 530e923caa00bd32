import type { Command } from 'commander';
import { createDemo, DEMO_WORKSPACE } from '../services/demo/demo';
import { type Cli, OPERATOR } from './cli';
import { progressLine } from './progress';

export const demoCommand = (cli: Cli): Command =>
  cli
    .command('demo', `make the demo workspace ${DEMO_WORKSPACE.id} and a token for each kind`)
    .addHelpText('after', '\nA first start on the embedded PostgreSQL does this by itself.')
    .action(() =>
      cli.run(async ({ services, output, logger }) => {
        const turns = await createDemo(services, services.clock, logger, {
          progress: progressLine('turns'),
        });
        const tokens: Record<string, string> = {};
        for (const kind of ['service', 'client', 'analyst']) {
          const input = { kind, name: `demo ${kind}`, workspaceIds: [DEMO_WORKSPACE.id] };
          tokens[kind] = (await services.tokens.create(input, OPERATOR)).token;
        }
        const list = Object.entries(tokens).map(([kind, token]) => `  ${kind.padEnd(8)} ${token}`);
        output.result(
          { workspaceId: DEMO_WORKSPACE.id, turns, tokens },
          [`Made ${DEMO_WORKSPACE.id} with ${turns} turns. Its tokens, shown this once:`, ...list].join('\n'),
        );
      }),
    );
