/** A storage that keeps nothing: neither tokens nor operations with a shop's ids stay behind in a browser. */
export const nowhere: Storage = {
  length: 0,
  clear: () => undefined,
  getItem: () => null,
  key: () => null,
  removeItem: () => undefined,
  setItem: () => undefined,
};
