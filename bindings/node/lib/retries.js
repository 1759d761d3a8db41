// The failures that a worker deals with by itself, for it to tell of.
import { call, copyOf } from './errors.js';
import { callbackOf, kn } from './native.js';

const retries = new Map(); // user_data to the list of errors that a worker has yet to tell of
let lastRetries = 0n;

// Only kept: whoever hears of it must not be called from inside the library.
const keepRetry = callbackOf('kn_error_handler', (error, id) => {
  retries.get(id)?.push(copyOf(error));
});

const forgetRetries = callbackOf('kn_destroy', (id) => {
  retries.delete(id);
});

export function listOfRetries(worker) {
  lastRetries += 1n;
  const list = [];
  retries.set(lastRetries, list);
  call(kn.kn_worker_on_error, worker, keepRetry, lastRetries, forgetRetries);
  return list;
}
