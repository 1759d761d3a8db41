// Handing an event to handlers, and answering it.

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

/** Answers an event for which nobody else does. Without an answer it is given back. */
export function settle(event, isWell, fail) {
  if (!event.isPending) return;
  if (isWell && event.isDeferred) return;
  try {
    if (isWell) event.ack();
  } catch (error) {
    fail(error);
  }
  event.free();
}
