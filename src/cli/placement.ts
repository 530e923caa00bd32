import type { Command } from 'commander';
import { findPlaces, type Place } from '../database/citus';
import { badInput } from '../errors';
import type { Cli } from './cli';
import { example } from './how-to-run';

export const placementCommand = (cli: Cli): Command =>
  cli
    .command('placement', 'on which node of Citus each workspace lies, as a map for nginx')
    .option('--port <port>', 'the port of the servers beside the nodes; default: PORT')
    .addHelpText('after', example('placement > centesimo-nodes.conf'))
    .action((options: { port?: string }) =>
      cli.run(async ({ database, config, output }) => {
        if (!database.isDistributed)
          throw badInput(
            'The tables are not distributed over a Citus: every workspace lies in the one database.',
          );
        const places = await findPlaces(database.dataSource);
        output.result({ workspaces: places }, nginxMap(places, options.port ?? String(config.port)));
      }),
    );

/** A header says the workspace, since nginx can't read it from the body. Without it any server answers as well. */
function nginxMap(places: readonly Place[], port: string): string {
  const hosts = [...new Set(places.map(({ host }) => host))].sort();
  // An id of a workspace has no character that means something to nginx.
  const lines = places.map(({ workspaceId, host }) => `    "${workspaceId}" ${host}:${port};`);
  return [
    `# ${places.length} workspaces on ${hosts.length} nodes. Moved ones are found anew by: centesimo placement`,
    'map $http_x_workspace $centesimo_server {',
    ...(hosts[0] === undefined ? [] : [`    default ${hosts[0]}:${port};`]),
    ...lines,
    '}',
  ].join('\n');
}
