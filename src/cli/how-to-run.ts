import { basename, sep } from 'node:path';
import { projectFolder } from '../project-folder';
import { version } from './version';

/** How a person runs a command of this installation. */
export function howToRun(): string {
  const folders = projectFolder().split(sep);
  // npx installs packages in a folder of this name.
  if (folders.includes('_npx')) return `npx ./centesimo-${version()}.tgz`;
  if (folders.includes('node_modules') && process.env.npm_command === 'exec') return 'npx centesimo';
  const isOnPath = folders.includes('node_modules') || basename(process.argv[1] ?? '') === 'centesimo';
  // Silent, since a command's output may go into a file.
  return isOnPath ? 'centesimo' : 'npm run -s cli --';
}

/** A command as a person types it here; `words` follow the program's name. */
export const toType = (words: string): string => `${howToRun()} ${words}`;

/** For the end of a command's help. */
export const example = (words: string): string => `\nExample:\n  ${toType(words)}`;
