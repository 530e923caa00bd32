import { Worker } from 'node:worker_threads';

export interface WorkerOptions {
  /** Ends a thread that takes longer. */
  withinMs: number;
  /** Ends a thread that needs more memory. */
  memoryMb: number;
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs a thread on `data` and resolves with its first message. The thread has ended when this settles. Rejects when it
 * fails, ends without an answer, is late or is aborted.
 */
export async function inWorker(
  file: string,
  data: unknown,
  { withinMs, memoryMb, signal }: WorkerOptions,
): Promise<unknown> {
  signal?.throwIfAborted();
  const worker = new Worker(file, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (thrown) => reject(asNative(thrown)));
      worker.once('exit', (code) => reject(new Error(`The thread ended with ${code} and no answer.`)));
      timer = setTimeout(
        () => reject(new Error(`The thread did not answer within ${withinMs} ms.`)),
        withinMs,
      );
      abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort);
    });
  } finally {
    clearTimeout(timer);
    if (abort) signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

/** Node copies an error that a thread threw, and the copy is no native error, which the log looks for. */
function asNative({ message, stack }: Error): Error {
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
