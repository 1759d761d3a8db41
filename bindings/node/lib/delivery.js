// Handing an event to handlers, and answering it.

import { Delivery, EventKind } from './status.js';

const UNHANDLED_MS = 1000;
const MOST_WARNED_OF = 100; // topics; pages choose them

/** How a worker answers for its events. */
export class Answering {
  #isAtLeastOnce;
  #acknowledges;
  #warnedOf = new Set();

  constructor({ delivery, autoAck = true }) {
    this.#isAtLeastOnce = delivery === Delivery.AT_LEAST_ONCE;
    this.#acknowledges = Boolean(autoAck);
  }

  get isAtLeastOnce() {
    return this.#isAtLeastOnce;
  }

  /** One that none of the handlers is for. */
  decline(event, fail) {
    if (!this.#isAtLeastOnce) return;
    this.#warn(event);
    try {
      if (event.isPending && event.kind !== EventKind.GAP) event.decline(UNHANDLED_MS);
    } catch (error) {
      fail(error);
    }
  }

  settle(event, isWell, fail) {
    settle(event, isWell, this.#acknowledges, fail);
  }

  #warn({ kind, topic, data }) {
    if (this.#warnedOf.has(topic) || this.#warnedOf.size >= MOST_WARNED_OF) return;
    if (kind !== EventKind.GAP) this.#warnedOf.add(topic);
    process.emitWarning(kind === EventKind.GAP
      ? `events were lost before they came, and no handler is for */:gap: ${data}`
      : `no handler for ${topic}, which is given back`, 'KosmonautWarning');
  }
}

function isThenable(value) {
  return typeof value?.then === 'function';
}

/**
 * Calls an event's handlers, and `fail` with what they throw. Returns a promise, which is never
 * rejected, for each that is not done yet.
 */
export function callHandlers(handlers, event, fail) {
  const waiting = [];
  for (const handler of handlers) {
    try {
      const returned = handler(event);
      if (isThenable(returned)) waiting.push(Promise.resolve(returned).catch(fail));
    } catch (error) {
      fail(error);
    }
  }
  return waiting;
}

/**
 * Answers an event for which nobody else does. Without an answer it is given back, to come again
 * after 1, 5, 20 or 60 s, by its attempt.
 */
function settle(event, isWell, mayAcknowledge, fail) {
  if (!event.isPending) return;
  if (isWell && event.isDeferred) return;
  try {
    if (isWell && mayAcknowledge) event.ack();
  } catch (error) {
    fail(error);
  }
  event.free();
}
