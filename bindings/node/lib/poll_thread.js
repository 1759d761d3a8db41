// What a WaitingThread runs: it waits, and says what is readable.

import { parentPort } from 'node:worker_threads';

import { waitHere } from './poll.js';

parentPort.on('message', ({ descriptors, timeoutMs }) => {
  parentPort.postMessage(waitHere(descriptors, timeoutMs));
});
