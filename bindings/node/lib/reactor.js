// Waiting for descriptors. Node's event loop watches no descriptor that it did not make itself, so
// a thread of its pool waits in poll(2): one for all workers and clients, however many there are.
// What the library does is done on the loop's own thread, in calls that do not wait.

import fs from 'node:fs';

import koffi from 'koffi';

import { eventfd, poll } from './native.js';

const POLLIN = 1;
const EFD_CLOEXEC_AND_NONBLOCK = 0o2004000;
const BYTES_EACH = 8; // of a struct pollfd
const ONE = new BigUint64Array([1n]);

// The wait is woken when it has to end. These are for when nobody wakes it: a thread of
// node:worker_threads that is terminated does not say so.
const SLICE_MS = 1000;
// After so long, a process in which nothing else is left may end.
const UNREFERENCED_SLICE_MS = 250;
const FULL_QUEUE_DELAY_MS = 10;

/** One descriptor to wait for. `onReadable` is called once for each watch(), and must not throw. */
export class Watcher {
  isReferenced = true;

  constructor(fd, onReadable) {
    this.fd = fd;
    this.onReadable = onReadable;
  }
}

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

  isReady(index) {
    return this.#shorts[4 * index + 3] !== 0;
  }
}

class Reactor {
  #waker = -1;
  #watched = new Set();
  #polled = []; // what the wait that is running looks at
  #isPolling = false;
  #isWoken = false;
  #isScheduled = false;
  #whenPolled = []; // whom to tell when the running wait is over

  /** Calls the watcher's function as soon as its descriptor is readable. */
  watch(watcher) {
    this.#watched.add(watcher);
    if (!this.#isPolling || !this.#polled.includes(watcher)) this.#rearrange();
  }

  /** Takes a watcher out. Its descriptor may be closed when the promise is fulfilled. */
  async unwatch(watcher) {
    this.#watched.delete(watcher);
    if (!this.#isPolling || !this.#polled.includes(watcher)) return;
    await new Promise((resolve) => {
      this.#whenPolled.push(resolve);
      this.#wake();
    });
  }

  /** Looks anew at who is referenced. */
  reconsider(watcher) {
    if (this.#watched.has(watcher)) this.#rearrange();
  }

  #rearrange() {
    if (this.#isPolling) {
      this.#wake();
    } else if (!this.#isScheduled) {
      // Whoever else begins to wait just now is taken along.
      this.#isScheduled = true;
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#poll();
      });
    }
  }

  #poll() {
    if (this.#isPolling || this.#watched.size === 0) return;
    this.#prepare();
    this.#polled = [...this.#watched];
    const fds = new PollFds([this.#waker, ...this.#polled.map((watcher) => watcher.fd)]);
    const slice = this.#isReferenced() ? SLICE_MS : UNREFERENCED_SLICE_MS;
    try {
      poll.async(fds.memory, fds.count, slice, () => this.#over(fds));
      this.#isPolling = true;
    } catch { // too many asynchronous calls are running
      setTimeout(() => this.#poll(), FULL_QUEUE_DELAY_MS);
    }
  }

  #prepare() {
    if (this.#waker >= 0) return;
    this.#waker = eventfd(0, EFD_CLOEXEC_AND_NONBLOCK);
    if (this.#waker < 0) {
      throw Object.assign(new Error('no descriptor is left'), { errno: koffi.errno() });
    }
    // A process does not end before the threads of its pool are idle.
    process.on('exit', () => this.#wake());
  }

  #wake() {
    if (!this.#isPolling || this.#isWoken) return;
    this.#isWoken = true;
    fs.writeSync(this.#waker, ONE);
  }

  #over(fds) {
    this.#isPolling = false;
    if (this.#isWoken) {
      this.#isWoken = false;
      fs.readSync(this.#waker, new Uint8Array(8));
    }
    const polled = this.#polled;
    this.#polled = [];
    for (const resolve of this.#whenPolled.splice(0)) resolve();
    polled.forEach((watcher, index) => {
      if (fds.isReady(index + 1) && this.#watched.delete(watcher)) watcher.onReadable();
    });
    if (this.#watched.size === 0) return;
    if (this.#isReferenced()) this.#rearrange();
    // A wait keeps the process alive. Here it may end, if nothing else does.
    else setTimeout(() => this.#rearrange(), 1).unref();
  }

  #isReferenced() {
    for (const watcher of this.#watched) {
      if (watcher.isReferenced) return true;
    }
    return false;
  }
}

/** The one of this thread. */
export const reactor = new Reactor();
