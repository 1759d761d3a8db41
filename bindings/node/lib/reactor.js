// Waiting for descriptors. Node's event loop watches no descriptor that it did not make itself, so
// a thread of its pool waits in poll(2): one for all workers and clients of the main thread, however
// many there are. A thread of node:worker_threads has another thread of its own wait instead. What
// the library does is done on the loop's own thread, in calls that do not wait.

import fs from 'node:fs';
import { Worker as Thread, isMainThread } from 'node:worker_threads';

import koffi from 'koffi';

import { eventfd, waitInPool } from './poll.js';

const EFD_CLOEXEC_AND_NONBLOCK = 0o2004000;
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

/**
 * A thread of its own to wait in: the pool has few for the whole process, and each thread of
 * node:worker_threads would take one of them.
 */
class WaitingThread {
  #thread = null;
  #over = null;

  wait(descriptors, timeoutMs, over) {
    this.#over = over;
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage({ descriptors, timeoutMs });
  }

  #start() {
    const thread = new Thread(new URL('./poll_thread.js', import.meta.url), { execArgv: [] });
    thread.on('message', (ready) => {
      thread.unref();
      this.#over(ready);
    });
    return thread;
  }
}

function waitingOfThisThread() {
  if (isMainThread) return waitInPool;
  const thread = new WaitingThread();
  return (descriptors, timeoutMs, over) => thread.wait(descriptors, timeoutMs, over);
}

class Reactor {
  #waker = -1;
  #watched = new Set();
  #polled = []; // what the wait that is running looks at
  #isPolling = false;
  #isWoken = false;
  #isScheduled = false;
  #wait = waitingOfThisThread();
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
    const descriptors = [this.#waker, ...this.#polled.map((watcher) => watcher.fd)];
    const slice = this.#isReferenced() ? SLICE_MS : UNREFERENCED_SLICE_MS;
    try {
      this.#wait(descriptors, slice, (ready) => this.#over(ready));
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

  #over(ready) {
    this.#isPolling = false;
    if (this.#isWoken) {
      this.#isWoken = false;
      fs.readSync(this.#waker, new Uint8Array(8));
    }
    const polled = this.#polled;
    this.#polled = [];
    for (const resolve of this.#whenPolled.splice(0)) resolve();
    polled.forEach((watcher, index) => {
      if (ready[index + 1] && this.#watched.delete(watcher)) watcher.onReadable();
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
