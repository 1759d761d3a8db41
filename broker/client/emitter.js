// Handlers.
import { demand } from './values.js';

// Calls an emitter's handlers, and returns whether there were any. Users of the library have no
// way to it.
export let emit;

export class Emitter {
  #handlers = new Map();

  static {
    emit = (emitter, event, ...values) => {
      const handlers = emitter.#of(event);
      const called = [...handlers]; // the first may remove the second
      for (const handler of called) {
        if (handlers.has(handler)) call(handler, emitter, values);
      }
      return called.length > 0;
    };
  }

  constructor(...events) {
    for (const event of events) this.#handlers.set(event, new Set());
  }

  on(event, handler) {
    demand(typeof handler === 'function', 'a handler is a function');
    this.#of(event).add(handler);
    return this;
  }

  off(event, ...unwanted) {
    const handlers = this.#of(event);
    if (unwanted.length === 0) handlers.clear();
    for (const handler of unwanted) handlers.delete(handler);
    return this;
  }

  #of(event) {
    const known = this.#handlers;
    demand(known.has(event), `no event ${String(event)} here, only ${[...known.keys()].join(', ')}`);
    return known.get(event);
  }
}

// A handler that fails, at once or later, keeps nobody else from being called.
async function call(handler, self, values) {
  try {
    await handler.apply(self, values);
  } catch (failure) {
    console.error('WebRocket: a handler failed:', failure);
  }
}
