// Standard output and error. A reader that has gone (a closed pipe, a lost terminal) is not an error of ours.
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

type Name = 'stdout' | 'stderr';

const watched = new Set<Name>();

/** The stream; from now on its errors don't end the process. */
export function standard(name: Name): NodeJS.WriteStream {
  const stream = process[name];
  if (!watched.has(name)) stream.on('error', () => undefined);
  watched.add(name);
  return stream;
}

export const print = (text: string): void => {
  standard('stdout').write(text);
};

/** Text for a person beside the actual output. */
export const tell = (text: string): void => {
  standard('stderr').write(text);
};

/** The reader of standard output closed it before everything was written. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone';

  constructor() {
    super('Standard output was closed before everything was written.');
  }
}

/** Throws ReaderGone. */
export async function toStandardOutput(file: Readable): Promise<void> {
  const output = standard('stdout');
  let isGone = false;
  output.once('error', () => {
    isGone = true;
  });
  try {
    await pipeline(file, output, { end: false });
  } catch (error) {
    throw isGone ? new ReaderGone() : error;
  }
}

/** The file appears only when it is whole. */
export async function toFile(path: string, file: Readable): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(file, createWriteStream(part));
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}
