import type { Command } from 'commander';
import { type Cli, EXIT } from './cli';

export const reconcileCommand = (cli: Cli): Command =>
  cli
    .command('reconcile', 'make the charges that failed (DEFERRED) now; servers do so once a minute')
    .action(() =>
      cli.run(async ({ services, output }) => {
        const result = await services.reconciler.run();
        output.result(result, `Charged ${result.charged}; ${result.failed} failed again.`);
        if (result.failed > 0) process.exitCode = EXIT.failed;
      }),
    );
