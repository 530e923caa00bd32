// Errors of the embedded database tell the operator what failed, where, and what to do; never a stack.
import { codeOf } from '../values/error-code';

/** The embedded database cannot be used. The operator sees the message as it is. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const ELSEWHERE = 'set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL of your own';

/** Any failure of a file or process call, in the operator's words. `folder` stands in when the error names no path. */
export function toStartError(error: unknown, folder: string): StartError {
  if (error instanceof StartError) return error;
  const path = pathOf(error) ?? folder;
  const code = codeOf(error);
  const known = code === undefined ? undefined : byCode(code, path, folder);
  if (known !== undefined) return new StartError(known, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(`The embedded database in ${folder} could not be started: ${reason}`, {
    cause: error,
  });
}

/** For links and renames `path` is the source (for a link, its target text); `dest` is what could not be made. */
function pathOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('dest' in error && typeof error.dest === 'string') return error.dest;
  return 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

function byCode(code: string, path: string, folder: string): string | undefined {
  switch (code) {
    case 'EROFS':
      return `${path} is on a read-only file system, but the embedded database has to write there: make it writable, or ${ELSEWHERE}. (EROFS)`;
    case 'ENOSPC':
    case 'EDQUOT':
    case '53100': // disk_full
      return `The disk that holds ${folder} is full (an empty embedded database needs about 100 MB): free some space, or ${ELSEWHERE}. (${code})`;
    case 'EACCES':
    case 'EPERM':
      return `The user ${userName()} may not use ${path}: run as the user that owns it, change its permissions, or ${ELSEWHERE}. (${code})`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${path} is in the way: a file stands where the embedded database needs a folder. Move it, or ${ELSEWHERE}. (${code})`;
    default:
      return undefined;
  }
}

/** What initdb or postgres printed, as an error. `logFile` is named when there is more to read in it. */
export function fromOutput(what: string, output: string, folder: string, logFile?: string): StartError {
  const known = OUTPUT_CODES.find(([pattern]) => pattern.test(output));
  const explained = known === undefined ? undefined : byCode(known[1], folder, folder);
  if (explained !== undefined) return new StartError(explained);
  const more = logFile === undefined ? '' : ` The log is ${logFile}.`;
  return new StartError(`${what} in ${folder}: ${lastFailure(output)}${more}`);
}

const OUTPUT_CODES: readonly (readonly [RegExp, string])[] = [
  [/No space left on device/, 'ENOSPC'],
  [/Disk quota exceeded/, 'EDQUOT'],
  [/Read-only file system/, 'EROFS'],
  [/Permission denied/, 'EACCES'],
];

function lastFailure(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const failures = lines.filter((line) => /FATAL|PANIC|error:/i.test(line));
  return (failures.at(-1) ?? lines.at(-1) ?? 'it said nothing').trim();
}

function userName(): string {
  const uid = process.getuid?.();
  return uid === 0 ? 'root' : `${process.env.USER ?? ''} (uid ${uid})`.trim();
}
