// The backend library of the WebRocket broker.

import { kn } from './lib/native.js';

export { Batch } from './lib/batch.js';
export { Client } from './lib/client.js';
export {
  ArgumentError, ConnectionError, KosmonautError, ResponseError, StateError,
} from './lib/errors.js';
export { Event } from './lib/event.js';
export { Subscriber } from './lib/pages.js';
export { Delivery, EventKind, LogLevel, Order, Status, WorkerState } from './lib/status.js';
export { Worker } from './lib/worker.js';

/** The version of the library that is loaded, such as "1.0.0". */
export const version = kn.kn_version();
