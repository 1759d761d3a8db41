import { check, checkedMs, failure } from './errors.js';
import { Handle } from './handle.js';
import { kn, textAt } from './native.js';
import { Status } from './status.js';

const OWNED = Symbol('only this package makes events');

function timeOf(pointer) {
  const timeMs = Number(kn.kn_event_time_ms(pointer));
  return timeMs < 0 ? null : timeMs;
}

function read(pointer) {
  const length = [0];
  const data = kn.kn_event_data(pointer, length);
  return {
    kind: kn.kn_event_kind(pointer),
    attempt: kn.kn_event_attempt(pointer),
    ref: kn.kn_event_ref(pointer),
    timeMs: timeOf(pointer),
    topic: kn.kn_event_topic(pointer),
    channel: kn.kn_event_channel(pointer),
    name: kn.kn_event_name(pointer),
    id: kn.kn_event_id(pointer),
    uid: kn.kn_event_uid(pointer),
    sid: kn.kn_event_sid(pointer),
    data: textAt(data, Number(length[0])),
  };
}

/**
 * A message that a browser sent. What it says can be read for ever; it can be answered until it was
 * answered or let go.
 *
 * At most once, which is the default, an answer does nothing. At least once, an event that goes
 * without an answer is delivered again.
 */
export class Event {
  #handle;
  #isDeferred = false;

  constructor(key, pointer, fields) {
    if (key !== OWNED) throw new TypeError('events come from a worker');
    this.#handle = new Handle(pointer, kn.kn_event_free);
    Object.assign(this, fields);
  }

  /** The payload as JSON. Throws a SyntaxError if it is none. */
  json() {
    return JSON.parse(this.data);
  }

  /** Whether it was neither answered nor let go yet. */
  get isPending() {
    return this.#handle.pointer !== null;
  }

  get isDeferred() {
    return this.#isDeferred;
  }

  /** Says that it was dealt with. False: too late, it will be delivered again. */
  ack() {
    return this.#answer(kn.kn_event_ack(this.#pending()));
  }

  /**
   * Gives it back, to be delivered again after `delayMs` milliseconds. False: it will be anyway.
   */
  nack(delayMs = 0) {
    return this.#answer(kn.kn_event_nack(this.#pending(), checkedMs(delayMs, 'delayMs')));
  }

  /** As nack(), because this program has nothing for it: that does not count against it. */
  decline(delayMs = 0) {
    return this.#answer(kn.kn_event_decline(this.#pending(), checkedMs(delayMs, 'delayMs')));
  }

  /** Asks for more time: the broker's deadline for the answer begins anew. False: too late. */
  extend() {
    const status = kn.kn_event_extend(this.#pending());
    check(status);
    return status === Status.KN_OK;
  }

  /** Says, in a handler, that ack() or nack() will come after the handler is done. */
  defer() {
    this.#pending();
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#handle.belongTo(this);
  }

  /** Another one for the same message, with a reference of its own: free() it, or answer. */
  retain() {
    return owned(new Event(OWNED, kn.kn_event_retain(this.#pending()), this));
  }

  /** Lets go of it, unanswered. Does nothing to one that was answered. */
  free() {
    this.#handle.free();
  }

  #pending() {
    const { pointer } = this.#handle;
    if (pointer === null) throw failure(Status.KN_ESTATE, 'the event was answered or let go');
    return pointer;
  }

  #answer(status) {
    check(status);
    this.#handle.free();
    return status === Status.KN_OK;
  }

  static adopt(pointer) {
    return new Event(OWNED, pointer, read(pointer));
  }

  static ownedByProgram(event) {
    event.#handle.belongTo(event);
    return event;
  }
}

if (Symbol.dispose) Event.prototype[Symbol.dispose] = Event.prototype.free;

// Not for programs, so not where they look.
const { adopt, ownedByProgram: owned } = Event;
delete Event.adopt;
delete Event.ownedByProgram;

export { adopt, owned };
