// How much is taken out in one go before the event loop gets its turn.
const TURN_MS = 1;
export const TURN_EVENTS = 64;

/** How long the worker has had the event loop to itself. */
export class Turn {
  #events = 0;
  #end = 0;

  isOver() {
    this.#events += 1;
    if (this.#events === 1) this.#end = performance.now() + TURN_MS;
    return this.#events > TURN_EVENTS || performance.now() >= this.#end;
  }

  async yield() {
    await new Promise(setImmediate);
    this.reset();
  }

  reset() {
    this.#events = 0;
  }
}
