import { sep } from 'node:path';
import { projectFolder } from '../project-folder';
import { version } from './version';

/** How a person runs a command of this installation: by npx as the server was, by its name, or by npm in a checkout. */
export function howToRun(): string {
  if (!projectFolder().split(sep).includes('node_modules')) return 'npm run cli --';
  return process.env.npm_command === 'exec' ? `npx ./centesimo-${version()}.tgz` : 'centesimo';
}
