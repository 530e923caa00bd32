// How long work shares the event loop. All readers together do a small part of it in each turn of the loop, so that a
// save waits for one part and not for a whole answer. docs/decisions/0014-slices.md has the figures.

/** How much is done in one turn of the loop, in values of an answer; one takes about 3 µs. */
export const A_TURN = 400;

/**
 * How long reads pause between two turns while somebody saves, in milliseconds: about twice as long as a turn takes.
 * Meanwhile the steps of saves find the loop free.
 */
const PAUSE_MS = 2;
/** Who saves one turn after the other is between two of them for a moment. */
const STILL_SAVING_MS = 1_000;

let saves = 0;
let lastSaveAt = Number.NEGATIVE_INFINITY;

/** A save is under way until the function that this returns is called. Reads then go slower, and fewer at once. */
export function saveBegins(): () => void {
  saves += 1;
  let ended = false;
  return () => {
    if (ended) return;
    ended = true;
    saves -= 1;
    lastSaveAt = performance.now();
  };
}

/** Is a save under way in this process, or was one within the last second? */
export const isSaving = (): boolean => saves > 0 || performance.now() - lastSaveAt < STILL_SAVING_MS;

interface Waiting {
  weight: number;
  go: () => void;
}

let used = 0;
let scheduled = false;
let waiting: Waiting[] = [];

/** Returns undefined when the caller may go on at once, otherwise a promise to wait for. First come, first served. */
export function pace(weight: number): Promise<void> | undefined {
  schedule();
  if (waiting.length === 0 && fits(weight)) {
    used += weight;
    return undefined;
  }
  return new Promise((go) => {
    waiting.push({ weight, go });
  });
}

/** Work that is larger than a turn gets a turn of its own. */
const fits = (weight: number): boolean => used === 0 || used + weight <= A_TURN;

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  if (isSaving()) setTimeout(nextTurn, PAUSE_MS);
  else setImmediate(nextTurn);
}

/** Node reads sockets between two turns. */
function nextTurn(): void {
  scheduled = false;
  used = 0;
  let taken = 0;
  for (const { weight, go } of waiting) {
    if (!fits(weight)) break;
    used += weight;
    taken += 1;
    go();
  }
  if (taken === waiting.length) waiting = [];
  else waiting.splice(0, taken);
  if (used > 0) schedule();
}

/**
 * Lets a list be completed a few items per turn. If the list is longer than a turn, its items become promises. `weight`
 * is that of one item.
 */
export function inTurns<T>(items: readonly T[], weight: number): readonly (T | Promise<T>)[] {
  const atOnce = Math.max(1, Math.floor(A_TURN / Math.max(weight, 1)));
  if (items.length <= atOnce) {
    const turn = pace(items.length * weight);
    return turn ? items.map((item) => turn.then(() => item)) : items;
  }
  const paced: Promise<T>[] = [];
  let turn = Promise.resolve();
  for (let first = 0; first < items.length; first += atOnce) {
    const group = items.slice(first, first + atOnce);
    // Waits until the group before had its turn, so that readers alternate.
    turn = turn.then(() => pace(group.length * weight));
    const mine = turn;
    for (const item of group) paced.push(mine.then(() => item));
  }
  return paced;
}

/**
 * Waits between two batches of work in the background, usually as long as the batch took, so that saves come first; or
 * before a retry.
 */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
