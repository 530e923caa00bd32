import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import stopCluster from '../../support/global-teardown';

export default async function tearDown(): Promise<void> {
  const { CENTESIMO_NODE_PACKAGE } = process.env;
  if (CENTESIMO_NODE_PACKAGE) rmSync(dirname(CENTESIMO_NODE_PACKAGE), { recursive: true, force: true });
  await stopCluster();
}
