// What a worker emits of its own, and what is a pattern.
import { failure } from './errors.js';
import { Status } from './status.js';

const OWN_EVENTS = new Set(['event', 'retry', 'error', 'interrupt', 'close', 'newListener',
  'removeListener']);

export function isPattern(name) {
  return typeof name === 'string' && name.includes('/');
}

// A pattern has one handler, which is called for each event, in the order of the patterns.
export function requireNoPattern(name) {
  if (isPattern(name)) {
    throw failure(Status.KN_EINVAL, `'${name}' is a pattern, and its handler is called for each event, `
      + 'in the order of the patterns: use handle() or on(), and unhandle() or off()');
  }
  requireOwnEvent(name);
}

export function requireOwnEvent(name) {
  if (typeof name !== 'string' || OWN_EVENTS.has(name)) return;
  throw failure(Status.KN_EINVAL, `'${name}' is neither a pattern (channel/event) nor one of the `
    + `worker's own events (${[...OWN_EVENTS].slice(0, 5).join(', ')})`);
}
