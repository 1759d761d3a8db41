import { Batch, outcomes, payload } from './batch.js';
import { call, check, checkedMs, checkedText, failure, requireOk } from './errors.js';
import { Handle } from './handle.js';
import { callbackOf, kn, takeText } from './native.js';
import { withOptions } from './options.js';
import { Pages, handIn } from './pages.js';
import { Watcher, reactor } from './reactor.js';
import { Status } from './status.js';

// How long the loop is kept before other things get their turn.
const TURN_MS = 2;
const NO_MEMORY_DELAY_MS = 10;

// ---- Completions ----

const calls = new Map(); // user_data to the call that is under way
let lastCall = 0n;

// An exception must not get into the library's frames, and a completion makes promises only settle:
// whoever awaits them goes on when the library's call has returned.
const complete = callbackOf('kn_completion', (result, id) => {
  const pending = calls.get(id);
  if (pending === undefined) return;
  try {
    pending.resolve(pending.convert(result));
  } catch (error) {
    pending.reject(error);
  }
});

function tokenOf(result) {
  requireOk(result);
  return kn.kn_result_token(result);
}

function outcomesOf(result) {
  const each = outcomes(result);
  if (each.length === 0) requireOk(result);
  return each;
}

// ---- The client ----

/**
 * Plain requests to the broker, in promises. Requests move on the event loop, without blocking it,
 * as many at once as `maxConnections` allows.
 */
export class Client extends Pages {
  #handle;
  #watcher;
  #pending = new Map(); // user_data to the promise, for this client
  #flushes = new Set();
  #isMoving = false;
  #closing = null;

  constructor(url, options = {}) {
    super();
    const client = [null];
    withOptions(options, (settings) => {
      call(kn.kn_client_new, checkedText(url, 'the URL'), settings, client);
    });
    this.#handle = new Handle(client[0], kn.kn_client_free).belongTo(this);
  }

  /** Opens a channel. Fulfilled too if it was open. */
  async openChannel(channel) {
    await this.#handIn(kn.kn_client_open_channel_async, [checkedText(channel, 'the channel')],
      requireOk);
  }

  /** Closes a channel; its subscribers are told. Rejected with KN_ENOCHANNEL if it was not open. */
  async closeChannel(channel) {
    await this.#handIn(kn.kn_client_close_channel_async, [checkedText(channel, 'the channel')],
      requireOk);
  }

  /**
   * Triggers an event on an open channel. `data` is an object, or its JSON as a string or bytes;
   * without it {}. After KN_ETIMEOUT or KN_EIO the event may have been delivered.
   */
  async trigger(channel, event, data) {
    const bytes = payload(data);
    await this.#handIn(kn.kn_client_trigger_async,
      [checkedText(channel, 'the channel'), checkedText(event, 'the event'), bytes,
        bytes === null ? 0 : bytes.length], requireOk);
  }

  /**
   * Triggers many events in one request: a Batch, or an iterable of { channel, event, data }. The
   * promise is for an array: null for a trigger that was accepted, the error of one that was not.
   * It is rejected when the batch as a whole failed.
   */
  async triggerBatch(triggers) {
    if (triggers instanceof Batch) return this.#handInBatch(triggers);
    const batch = Batch.from(triggers);
    try {
      return await this.#handInBatch(batch);
    } finally {
      batch.free();
    }
  }

  /**
   * Asks for a single access token for the user `uid`, valid for the private and presence channels
   * whose whole names the regular expression `channels` (RE2) matches.
   */
  async requestToken(uid, channels) {
    return this.#handIn(kn.kn_client_request_token_async,
      [checkedText(uid, 'the uid'), checkedText(channels, 'the channels')], tokenOf);
  }

  /**
   * Waits until all requests that were made so far have ended, well or not. False: the time is up,
   * or interrupt() was called.
   */
  async flush({ timeoutMs = -1 } = {}) {
    checkedMs(timeoutMs, 'timeoutMs');
    if (this.#pending.size === 0) return true;
    const ended = Promise.allSettled(this.#pending.values()).then(() => true);
    let flush;
    const given = new Promise((resolve) => {
      flush = resolve;
    });
    this.#flushes.add(flush);
    const isForEver = timeoutMs < 0 || timeoutMs === Infinity;
    const timer = isForEver ? undefined : setTimeout(flush, timeoutMs, false);
    try {
      return await Promise.race([ended, given]);
    } finally {
      clearTimeout(timer);
      this.#flushes.delete(flush);
    }
  }

  /**
   * Moves the requests on with what is ready. The client does so by itself; this is for who wants
   * it now. True: at least one has ended.
   */
  dispatch() {
    return call(kn.kn_client_dispatch, this.#pointer) === Status.KN_OK;
  }

  /** Makes the flush() that waits be fulfilled with false. Requests go on. */
  interrupt() {
    check(kn.kn_client_interrupt(this.#pointer));
    this.#begin();
  }

  /** The descriptor that is readable while dispatch() would do something; -1 once closed. */
  get fd() {
    return kn.kn_client_fd(this.#handle.pointer);
  }

  /** How many requests were made and have not ended. */
  get pending() {
    return Number(kn.kn_client_pending(this.#handle.pointer));
  }

  /** How many requests have ended. */
  get requests() {
    return Number(kn.kn_client_requests(this.#handle.pointer));
  }

  /** How many requests have ended with a status, such as Status.KN_ETIMEOUT. */
  requestsWithStatus(status) {
    return Number(kn.kn_client_requests_with_status(this.#handle.pointer, status));
  }

  /** How many connections are open now. */
  get connections() {
    return kn.kn_client_connections(this.#handle.pointer);
  }

  /** All figures in one object, as kn_client_stats() gives them. */
  stats() {
    const json = [null];
    call(kn.kn_client_stats, this.#pointer, json);
    return JSON.parse(takeText(json[0]));
  }

  get isClosed() {
    return this.#closing !== null;
  }

  /**
   * Waits for the requests that were made, and frees the client. Those that have not ended after
   * `timeoutMs` are rejected with KN_CLOSED. False: there were some. No request may be made once it
   * was called.
   */
  close({ timeoutMs = -1 } = {}) {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs) {
    const isFlushed = await this.flush({ timeoutMs });
    if (this.#watcher !== undefined) await reactor.unwatch(this.#watcher);
    this.#handle.free();
    this.#rejectAll(failure(Status.KN_CLOSED, 'the client was closed'));
    return isFlushed;
  }

  get #pointer() {
    const { pointer } = this.#handle;
    if (pointer === null) throw failure(Status.KN_CLOSED, 'the client was closed');
    return pointer;
  }

  #handInBatch(batch) {
    return this.#handIn(kn.kn_client_trigger_batch_async, [batch.pointer], outcomesOf);
  }

  [handIn](fn, args, convert) {
    return this.#handIn(fn, args, convert);
  }

  #handIn(fn, args, convert) {
    if (this.#closing !== null) throw failure(Status.KN_CLOSED, 'the client was closed');
    lastCall += 1n;
    const id = lastCall;
    call(fn, this.#pointer, ...args, complete, id, null);
    const promise = new Promise((resolve, reject) => {
      const done = (settle) => (value) => {
        calls.delete(id);
        this.#pending.delete(id);
        settle(value);
      };
      calls.set(id, { convert, resolve: done(resolve), reject: done(reject) });
    });
    this.#pending.set(id, promise);
    this.#begin();
    return promise;
  }

  /** Requests that are made one after the other are sent together. */
  #begin() {
    if (this.#isMoving) return;
    this.#isMoving = true;
    queueMicrotask(() => this.#move());
  }

  #move() {
    if (this.#handle.pointer === null) return;
    const end = performance.now() + TURN_MS;
    let status;
    try {
      do status = this.#step();
      while (status !== Status.KN_AGAIN && performance.now() < end);
    } catch (error) {
      this.#moveAfter(error);
      return;
    }
    if (status !== Status.KN_AGAIN) setImmediate(() => this.#move());
    else this.#wait();
  }

  #step() {
    const status = call(kn.kn_client_dispatch, this.#handle.pointer);
    if (status === Status.KN_INTERRUPTED) {
      for (const flush of this.#flushes) flush(false);
    }
    return status;
  }

  #moveAfter(error) {
    if (error.status === Status.KN_ENOMEM) {
      setTimeout(() => this.#move(), NO_MEMORY_DELAY_MS);
      return;
    }
    this.#isMoving = false;
    this.#rejectAll(error);
  }

  #wait() {
    this.#isMoving = false;
    if (this.#pending.size === 0) return;
    this.#watcher ??= new Watcher(this.fd, () => {
      this.#isMoving = true;
      this.#move();
    });
    reactor.watch(this.#watcher);
  }

  #rejectAll(error) {
    for (const id of [...this.#pending.keys()]) calls.get(id).reject(error);
  }
}

if (Symbol.asyncDispose) {
  Client.prototype[Symbol.asyncDispose] = async function dispose() {
    await this.close();
  };
}
