import { tearDown } from './global-setup';

export default async function (): Promise<void> {
  if (globalThis.testCluster) await tearDown(globalThis.testCluster);
}
