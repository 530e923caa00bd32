// Runs in a thread of its own, one per document: making 2 000 lines takes long, and requests would wait for it.
import { parentPort, workerData } from 'node:worker_threads';
import { makeDocument } from './document';

makeDocument(workerData).then((bytes) => parentPort?.postMessage(bytes));
