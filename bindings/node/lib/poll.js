// Waiting for descriptors, in poll(2).

import koffi from 'koffi';

const POLLIN = 1;
const BYTES_EACH = 8; // of a struct pollfd

const system = koffi.load(null);

/** Of the C library. */
const poll = system.func('int poll(void *fds, unsigned long count, int timeout_ms)');
export const eventfd = system.func('int eventfd(unsigned int value, int flags)');

/** An array of `struct pollfd`. */
class PollFds {
  #shorts;

  constructor(descriptors) {
    this.count = descriptors.length;
    // Of an ArrayBuffer, whose memory does not move while another thread writes to it.
    this.memory = new Int32Array(new ArrayBuffer(this.count * BYTES_EACH));
    this.#shorts = new Int16Array(this.memory.buffer);
    descriptors.forEach((fd, index) => {
      this.memory[2 * index] = fd;
      this.#shorts[4 * index + 2] = POLLIN;
    });
  }

  ready() {
    return Array.from({ length: this.count }, (_, index) => this.#shorts[4 * index + 3] !== 0);
  }
}

/** Which of the descriptors are readable, after `timeoutMs` milliseconds at most. */
export function waitHere(descriptors, timeoutMs) {
  const fds = new PollFds(descriptors);
  poll(fds.memory, fds.count, timeoutMs);
  return fds.ready();
}

/**
 * The same on a thread of the process's pool; `over` is called with the answer. Throws when too
 * many asynchronous calls are running.
 */
export function waitInPool(descriptors, timeoutMs, over) {
  const fds = new PollFds(descriptors);
  poll.async(fds.memory, fds.count, timeoutMs, () => over(fds.ready()));
}
