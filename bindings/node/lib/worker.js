import { EventEmitter } from 'node:events';

import { closeWithin } from './closing.js';
import { Answering, callHandlers } from './delivery.js';
import { call, check, checkedMs, checkedText, failure } from './errors.js';
import { adopt, owned } from './event.js';
import { Handle } from './handle.js';
import { NEVER_CALLED, kn } from './native.js';
import { withOptions } from './options.js';
import { Watcher, reactor } from './reactor.js';
import { listOfRetries } from './retries.js';
import { Routes } from './routes.js';
import { Status, WorkerState } from './status.js';
import { TURN_EVENTS, Turn } from './turn.js';
import { isPattern, requireNoPattern, requireOwnEvent } from './worker_events.js';
import { lastErrorOf, lastFiguresOf, statsOf } from './worker_figures.js';

const DEFAULT_REQUEST_TIMEOUT_MS = 10000;

const STATE_NAMES = Object.keys(WorkerState).map((name) => name.toLowerCase());

/**
 * Receives the events that browsers send: it connects on first use and keeps itself connected.
 *
 * Take events out in one way at a time: start() or run() hands them to handle()'s handlers and to
 * 'event' listeners; next() and `for await` hand them over one by one.
 *
 * Emits 'event' (event), 'retry' (error that the worker deals with), 'error' (error that ended it,
 * or one that a handler threw), 'interrupt', and 'close', once.
 */
export class Worker extends EventEmitter {
  #handle;
  #watcher;
  #retries;
  #routes = new Routes();
  #concurrency;
  #answering;
  #requestTimeoutMs;
  #turn = new Turn();
  #isReferenced = true;
  #isDriven = false;
  #isUsed = false;
  #closing = null;
  #wakeWaiting = null;
  #last = null; // the figures of a worker that was freed

  constructor(url, { concurrency = 1, ...options } = {}) {
    super({ captureRejections: true });
    if (!(concurrency >= 1)) throw new TypeError('concurrency is not a number of 1 or more');
    this.#concurrency = concurrency;
    this.#answering = new Answering(options);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const worker = [null];
    withOptions(options, (settings) => {
      call(kn.kn_worker_new, checkedText(url, 'the URL'), settings, worker);
    });
    this.#handle = new Handle(worker[0], kn.kn_worker_free).belongTo(this);
    this.#retries = listOfRetries(worker[0]);
  }

  // ---- Handlers ----

  /**
   * Gives the events that match a pattern a handler: `channel/event`, where either part may be `*`.
   * The same pattern again replaces it. New patterns come before the first use: they make up what
   * the worker asks the broker for (unless the option `filter` is set).
   *
   * The handler may be asynchronous. An event is acknowledged when its handlers are done.
   */
  handle(pattern, handler) {
    if (typeof handler !== 'function') throw new TypeError('the handler is not a function');
    if (!this.#routes.has(checkedText(pattern, 'the pattern'))) {
      call(kn.kn_worker_on, this.#pointer, pattern, NEVER_CALLED, null, null);
    }
    this.#routes.set(pattern, handler);
    return this;
  }

  /** For a pattern as handle(), for the name of one of the worker's own events a listener. */
  on(name, listener) {
    if (isPattern(name)) return this.handle(name, listener);
    requireOwnEvent(name);
    return super.on(name, listener);
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  /** A listener to one of the worker's own events. A pattern has no such thing. */
  once(name, listener) {
    requireNoPattern(name);
    return super.once(name, listener);
  }

  /** Likewise. */
  prependListener(name, listener) {
    requireNoPattern(name);
    return super.prependListener(name, listener);
  }

  /** Likewise. */
  prependOnceListener(name, listener) {
    requireNoPattern(name);
    return super.prependOnceListener(name, listener);
  }

  /** Takes back what on() did. */
  off(name, listener) {
    return isPattern(name) ? this.unhandle(name) : super.off(name, listener);
  }

  removeListener(name, listener) {
    return isPattern(name) ? this.unhandle(name) : super.removeListener(name, listener);
  }

  /** Takes a handler away. After the first use its events still come, but not to it. */
  unhandle(pattern) {
    if (this.#routes.has(checkedText(pattern, 'the pattern')) && !this.#isUsed) {
      call(kn.kn_worker_on, this.#pointer, pattern, null, null, null);
    }
    this.#routes.remove(pattern);
    return this;
  }

  // ---- Taking events out ----

  /**
   * Begins to hand out events, and goes on until the worker is closed or interrupted. What handlers
   * throw, and a failure that ends the worker, comes out as 'error'.
   */
  start() {
    this.#requireFree();
    this.#warnWithoutHandlers();
    const tell = (error) => this.#emitLater('error', error);
    this.#drive(tell).then((status) => {
      if (status === Status.KN_INTERRUPTED) this.#emitLater('interrupt');
    }, tell);
    return this;
  }

  /**
   * As start(), but the promise is for the end: fulfilled when the worker was closed or
   * interrupted, rejected with what ended the worker or with what a handler threw. After the latter
   * the worker is still open, and run() may be called again.
   */
  async run() {
    this.#warnWithoutHandlers();
    const thrown = [];
    const keep = (error) => {
      thrown.push(error);
      this.#wakeWaiting?.();
    };
    await this.#drive(keep, () => thrown.length > 0);
    if (thrown.length > 0) throw thrown[0];
  }

  /**
   * Hands out the events that are ready, without waiting for more. True: there were some. Rejected
   * as run() is.
   */
  async dispatch() {
    this.#sit();
    const thrown = [];
    let count = 0;
    try {
      while (count < TURN_EVENTS && thrown.length === 0) {
        const { event } = this.#take();
        if (event === null) break;
        count += 1;
        await this.#deliver(event, (error) => thrown.push(error));
      }
    } finally {
      this.#stand();
    }
    if (thrown.length > 0) throw thrown[0];
    return count > 0;
  }

  /**
   * The next event; null when there was none within `timeoutMs` milliseconds (-1: for ever), when
   * the worker was closed, or when it was interrupted. `signal` aborts the wait; no event is lost
   * then. The event is the program's: ack(), nack() or free() it.
   */
  async next({ timeoutMs = -1, signal } = {}) {
    checkedMs(timeoutMs, 'timeoutMs');
    this.#sit();
    try {
      const event = await this.#nextWithin(timeoutMs, signal);
      return event === null ? null : owned(event);
    } finally {
      this.#stand();
    }
  }

  /**
   * The events one by one, until the worker is closed or interrupted. An event is acknowledged when
   * the next one is asked for, unless it was answered or deferred; one during which the loop is
   * left is given back.
   */
  async* [Symbol.asyncIterator]() {
    for (;;) {
      const event = await this.next();
      if (event === null) return;
      let isDone = false;
      try {
        yield event;
        isDone = true;
      } finally {
        this.#settle(event, isDone);
      }
    }
  }

  /** Makes what waits for events stop: start(), run(), next(), a loop; or else the next of them. */
  interrupt() {
    check(kn.kn_worker_interrupt(this.#pointer));
  }

  // ---- The end ----

  /**
   * Closes the worker and frees it; whoever waits for events is woken. It does not wait for
   * handlers that are running, whose events are given back at least once: interrupt() and wait for
   * run() before. False: what the worker owes the broker was not sent within
   * `timeoutMs` milliseconds (-1: the request time limit).
   */
  close({ timeoutMs = -1 } = {}) {
    this.#closing ??= this.#close(checkedMs(timeoutMs, 'timeoutMs'));
    return this.#closing;
  }

  async #close(timeoutMs) {
    const pointer = this.#pointer;
    const isClosed = await closeWithin(pointer, timeoutMs < 0 ? this.#requestTimeoutMs : timeoutMs);
    if (this.#watcher !== undefined) await reactor.unwatch(this.#watcher);
    this.#last = lastFiguresOf(pointer);
    this.#handle.free();
    this.#wakeWaiting?.();
    this.#emitLater('close');
    return isClosed;
  }

  /** Lets the process end although the worker waits for events. */
  unref() {
    return this.#setReferenced(false);
  }

  /** Takes unref() back. */
  ref() {
    return this.#setReferenced(true);
  }

  // ---- Figures ----

  /** One of WorkerState. */
  get state() {
    return this.#figure('state', kn.kn_worker_state);
  }

  /** The state's name, such as 'connected'. */
  get stateName() {
    return STATE_NAMES[this.state];
  }

  /** How many events the worker has handed over. */
  get events() {
    return Number(this.#figure('events', kn.kn_worker_events));
  }

  /** How many bytes of the stream it has received. */
  get bytes() {
    return Number(this.#figure('bytes', kn.kn_worker_bytes));
  }

  /** How many times the stream was opened again after the first time. */
  get reconnects() {
    return Number(this.#figure('reconnects', kn.kn_worker_reconnects));
  }

  /** For how many milliseconds the oldest event that was not handed over has been waiting. */
  get lagMs() {
    return Number(this.#figure('lagMs', kn.kn_worker_lag_ms));
  }

  /** The failure that ended a connection last, or null. */
  get lastError() {
    return this.#figure('lastError', lastErrorOf);
  }

  /** The descriptor that is readable while a call would do something; -1 once closed. */
  get fd() {
    return this.#figure('fd', kn.kn_worker_fd);
  }

  get isClosed() {
    return this.#closing !== null;
  }

  /** All figures in one object, as kn_worker_stats() gives them. */
  stats() {
    return this.#figure('stats', statsOf);
  }

  // ---- Inside ----

  get #pointer() {
    const { pointer } = this.#handle;
    if (pointer === null) throw failure(Status.KN_CLOSED, 'the worker was closed');
    return pointer;
  }

  #figure(name, read) {
    return this.#last === null ? read(this.#handle.pointer) : this.#last[name];
  }

  /** Once whoever called had the time to add what belongs to the worker. */
  #warnWithoutHandlers() {
    setImmediate(() => {
      if (!this.#routes.isEmpty() || this.listenerCount('event') > 0) return;
      process.emitWarning('the worker hands out events, but has no handlers: give it some with '
        + 'on(\'channel/event\', handler) before it is started', 'KosmonautWarning');
    });
  }

  #requireFree() {
    if (this.#isDriven) {
      throw failure(Status.KN_ESTATE, 'somebody else is taking out this worker\'s events');
    }
  }

  #sit() {
    this.#requireFree();
    this.#isDriven = true;
  }

  #stand() {
    this.#isDriven = false;
  }

  /** The next event, if one is there. It does not wait. */
  #take() {
    if (this.#handle.pointer === null) return { status: Status.KN_CLOSED, event: null };
    this.#isUsed = true;
    const event = [null];
    let status;
    try {
      status = call(kn.kn_worker_next, this.#handle.pointer, 0, event);
    } catch (error) {
      // One that is not fatal (KN_ENOMEM) leaves the worker as it was.
      if (this.state === WorkerState.CLOSED) this.#end();
      throw error;
    } finally {
      if (this.#retries.length > 0) this.#tellOfRetries();
    }
    if (status === Status.KN_CLOSED) this.#end();
    return { status, event: status === Status.KN_OK ? adopt(event[0]) : null };
  }

  #tellOfRetries() {
    for (const error of this.#retries.splice(0)) this.#emitLater('retry', error);
  }

  /** Nothing more will come, so nothing is left but to free it, once that has been told. */
  #end() {
    setImmediate(() => {
      this.close().catch((error) => this.#emitLater('error', error));
    });
  }

  /** A listener's exception is the program's affair, and not in the way of the next event. */
  #emitLater(name, ...args) {
    process.nextTick(() => this.emit(name, ...args));
  }

  async #nextWithin(timeoutMs, signal) {
    const isForEver = timeoutMs < 0 || timeoutMs === Infinity;
    const end = isForEver ? Infinity : performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#turn.isOver()) {
        await this.#turn.yield();
        signal?.throwIfAborted();
      }
      const { status, event } = this.#take();
      if (status !== Status.KN_AGAIN) return event;
      const left = end - performance.now();
      if (left <= 0) return null;
      await this.#readable(left, signal);
    }
  }

  /** Until the worker has something to do, or time is up, or somebody asks to look. */
  async #readable(timeoutMs = Infinity, signal = undefined) {
    let timer;
    const woken = new Promise((resolve) => {
      this.#wakeWaiting = resolve;
    });
    const wake = this.#wakeWaiting;
    this.#watcher ??= this.#makeWatcher();
    reactor.watch(this.#watcher);
    signal?.addEventListener('abort', wake);
    if (timeoutMs !== Infinity) timer = setTimeout(wake, timeoutMs);
    try {
      await woken;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      this.#wakeWaiting = null;
      this.#turn.reset();
    }
  }

  #makeWatcher() {
    const watcher = new Watcher(this.fd, () => this.#wakeWaiting?.());
    watcher.isReferenced = this.#isReferenced;
    return watcher;
  }

  #setReferenced(isReferenced) {
    this.#isReferenced = isReferenced;
    if (this.#watcher !== undefined) {
      this.#watcher.isReferenced = isReferenced;
      reactor.reconsider(this.#watcher);
    }
    return this;
  }

  /**
   * Hands events out until there is a status to return, a failure to throw, or `mayStop()` says so.
   */
  async #drive(tell, mayStop = () => false) {
    this.#sit();
    const running = new Set();
    try {
      while (!mayStop()) {
        if (this.#turn.isOver()) await this.#turn.yield();
        const { status, event } = this.#take();
        if (status === Status.KN_AGAIN) {
          await this.#readable();
        } else if (event === null) {
          return status;
        } else {
          await this.#begin(running, event, tell);
        }
      }
      return Status.KN_OK;
    } finally {
      await Promise.all(running);
      this.#stand();
    }
  }

  /** Returns undefined, or a promise for when another event may begin. */
  #begin(running, event, tell) {
    const delivery = this.#deliver(event, tell);
    if (delivery === undefined) return undefined;
    running.add(delivery);
    delivery.then(() => running.delete(delivery));
    return running.size < this.#concurrency ? undefined : Promise.race(running);
  }

  /** Returns undefined, or a promise for when the handlers are done, which is never rejected. */
  #deliver(event, tell) {
    let isWell = true;
    const fail = (error) => {
      isWell = false;
      tell(error);
    };
    const handlers = this.#routes.handlersOf(event);
    if (handlers.length === 0 && this.listenerCount('event') === 0) {
      this.#answering.decline(event, tell);
    }
    const waiting = callHandlers(handlers, event, fail);
    try {
      this.emit('event', event);
    } catch (error) {
      fail(error);
    }
    if (waiting.length === 0) {
      this.#settle(event, isWell);
      return undefined;
    }
    return Promise.all(waiting).then(() => this.#settle(event, isWell));
  }

  #settle(event, isWell) {
    this.#answering.settle(event, isWell, (error) => this.#emitLater('error', error));
  }
}

if (Symbol.asyncDispose) {
  Worker.prototype[Symbol.asyncDispose] = async function dispose() {
    await this.close();
  };
}
