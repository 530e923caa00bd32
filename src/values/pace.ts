// How work that takes long shares the event loop: a little of it in each turn, for all who read together, so that
// whoever saves waits for one piece and not for an answer. docs/decisions/0014-slices.md has the figures.

/** Values of an answer, or as much work (about 3 µs each), in one turn of the loop. */
export const A_TURN = 400;

interface Waiting {
  weight: number;
  go: () => void;
}

let used = 0;
let scheduled = false;
let waiting: Waiting[] = [];

/** Undefined: go on at once. A promise: go on when it is fulfilled. First come, first served. */
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

/** What is larger than a turn has one for itself. */
const fits = (weight: number): boolean => used === 0 || used + weight <= A_TURN;

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(nextTurn);
}

/** Sockets are read between two turns. */
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
 * The items, to be completed a few in each turn: those of a list that is longer than a turn are promises.
 * `weight`: of one item.
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
    // Asked for when the group before has had its turn: readers take turns, too.
    turn = turn.then(() => pace(group.length * weight));
    const mine = turn;
    for (const item of group) paced.push(mine.then(() => item));
  }
  return paced;
}
