// What a worker can be asked, by its pointer.
import { call, take } from './errors.js';
import { kn, takeText } from './native.js';
import { WorkerState } from './status.js';

function figuresOf(pointer) {
  return {
    fd: kn.kn_worker_fd(pointer),
    state: kn.kn_worker_state(pointer),
    events: Number(kn.kn_worker_events(pointer)),
    bytes: Number(kn.kn_worker_bytes(pointer)),
    reconnects: Number(kn.kn_worker_reconnects(pointer)),
    lagMs: Number(kn.kn_worker_lag_ms(pointer)),
  };
}

export function lastErrorOf(pointer) {
  const error = kn.kn_worker_last_error(pointer);
  return error === null ? null : take(error);
}

export function statsOf(pointer) {
  const json = [null];
  call(kn.kn_worker_stats, pointer, json);
  return JSON.parse(takeText(json[0]));
}

/** What a worker says when it has been freed. */
export function lastFiguresOf(pointer) {
  return {
    ...figuresOf(pointer), fd: -1, state: WorkerState.CLOSED, lastError: lastErrorOf(pointer),
    stats: { ...statsOf(pointer), state: 'closed' },
  };
}
