// Whoever forgets to close is cleaned up after, on this thread, when the collector finds out.

const registry = new FinalizationRegistry((handle) => handle.free());

/** A pointer with the function that frees it, once. */
export class Handle {
  #free;

  constructor(pointer, free) {
    this.pointer = pointer;
    this.#free = free;
  }

  free() {
    if (this.pointer === null) return;
    const pointer = this.pointer;
    this.pointer = null;
    registry.unregister(this);
    this.#free(pointer);
  }

  /** Frees it at the latest when `owner` is collected. */
  belongTo(owner) {
    registry.register(owner, this, this);
    return this;
  }
}
