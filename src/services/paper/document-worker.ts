// Runs in a thread of its own, one a document: making 2 000 lines takes time that requests would wait for.
import { parentPort, workerData } from 'node:worker_threads';
import { makeDocument } from './document';

makeDocument(workerData).then((bytes) => parentPort?.postMessage(bytes));
