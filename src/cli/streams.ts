// Standard output and error: a reader that has gone (a closed pipe, a lost terminal) is no mistake of ours.

type Name = 'stdout' | 'stderr';

const watched = new Set<Name>();

/** The stream, whose errors end nobody from now on. */
export function standard(name: Name): NodeJS.WriteStream {
  const stream = process[name];
  if (!watched.has(name)) stream.on('error', () => undefined);
  watched.add(name);
  return stream;
}

export const print = (text: string): void => {
  standard('stdout').write(text);
};

/** Words for a person beside the output proper. */
export const tell = (text: string): void => {
  standard('stderr').write(text);
};
