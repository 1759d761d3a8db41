import { call } from './errors.js';
import { kn } from './native.js';
import { Status } from './status.js';

const CLOSE_AGAIN_MS = 10;

/** False: what the worker owes the broker was not sent in time, and it is closed all the same. */
export async function closeWithin(pointer, timeoutMs) {
  const end = timeoutMs < 0 ? Infinity : performance.now() + timeoutMs;
  for (;;) {
    const status = call(kn.kn_worker_close, pointer, 0);
    if (status !== Status.KN_AGAIN) return true;
    if (performance.now() >= end) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, CLOSE_AGAIN_MS);
    });
  }
}
