import type { Command } from 'commander';
import { Snapshot } from '../database/snapshot';
import { liftTimeLimit } from '../database/sql';
import { verifyStatements } from '../services/ledger/statement-check';
import { rebuildWorkspace } from '../services/upkeep/rebuild';
import { type Difference, type Verification, verifyWorkspace } from '../services/upkeep/verify';
import { getWorkspace, listAllWorkspaces, type Workspace } from '../services/workspaces/workspaces';
import { type Cli, type CommandContext, EXIT } from './cli';
import { example, toType } from './how-to-run';
import { progressLine } from './progress';

export const verifyCommand = (cli: Cli): Command =>
  cli
    .command(
      'verify',
      'compare every roll-up and every statement with the records; exits with 1 on any difference',
    )
    .option('--workspace <id>', 'this workspace only')
    .addHelpText('after', example('verify --workspace shop'))
    .action((options: { workspace?: string }) =>
      cli.run(async (context) => {
        const results: Verification[] = [];
        for (const workspace of await chosen(context, options.workspace)) {
          const result = await verifyOne(context, workspace);
          results.push(result);
          context.output.say(sentence(result));
        }
        const differences = results.reduce((sum, result) => sum + result.differences, 0n);
        context.output.result({ differences, workspaces: results }, conclusion(differences));
        if (differences > 0n) process.exitCode = EXIT.failed;
      }),
    );

export async function verifyOne(
  { database, services }: CommandContext,
  workspace: Workspace,
): Promise<Verification> {
  const snapshot = new Snapshot(database, services.clock());
  try {
    await liftTimeLimit(snapshot);
    const rollUps = await verifyWorkspace(snapshot, workspace);
    const statements = await verifyStatements(database, workspace);
    const found = statements.differences.map(
      ({ key, records, frozen }): Difference => ({ table: 'statements', key, records, rollUp: frozen }),
    );
    return {
      ...rollUps,
      compared: rollUps.compared + BigInt(statements.checked),
      differences: rollUps.differences + BigInt(found.length),
      first: [...rollUps.first, ...found],
    };
  } finally {
    await snapshot.end();
  }
}

/** The result of all comparisons. */
export const conclusion = (differences: bigint): string =>
  differences === 0n
    ? 'All roll-ups and statements agree with the records.'
    : `${differences} differences, which ${toType('verify')} shows. ${toType('rebuild')} makes roll-ups anew; nothing changes a statement.`;

function sentence({ workspaceId, compared, differences, first }: Verification): string {
  const head = `${workspaceId}: ${compared} rows compared, ${differences} differences`;
  const lines = first.map(
    ({ table, key, records, rollUp }) =>
      `  ${table} ${key}\n    records:   ${records ?? 'none'}\n    ${table === 'statements' ? 'statement' : 'roll-up'}: ${rollUp ?? 'none'}`,
  );
  return [head, ...lines].join('\n');
}

export const rebuildCommand = (cli: Cli): Command =>
  cli
    .command('rebuild', 'make all roll-ups anew from the records; saves go on meanwhile')
    .option('--workspace <id>', 'this workspace only')
    .addHelpText('after', example('rebuild --workspace shop'))
    .action((options: { workspace?: string }) =>
      cli.run(async (context) => {
        const rebuilt = [];
        for (const workspace of await chosen(context, options.workspace)) {
          const progress = progressLine(`${workspace.id}: days`);
          rebuilt.push({
            workspaceId: workspace.id,
            ...(await rebuildWorkspace(context.database, workspace, progress)),
          });
        }
        context.output.table(
          rebuilt,
          rebuilt.map(({ workspaceId, days }) => ({ WORKSPACE: workspaceId, DAYS: String(days) })),
          'No workspaces.',
        );
      }),
    );

const chosen = async ({ sql, services }: CommandContext, id: string | undefined): Promise<Workspace[]> =>
  id === undefined
    ? listAllWorkspaces(sql, services.clock())
    : [await getWorkspace(sql, id, services.clock())];
