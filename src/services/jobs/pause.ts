/** Between two batches of work that nobody waits for: as long as the batch took, so that saves come first. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
