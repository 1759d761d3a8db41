import { check, checkedText, copyOf, failure } from './errors.js';
import { Handle } from './handle.js';
import { kn } from './native.js';
import { Status } from './status.js';

/**
 * The bytes of a payload: of an object, its JSON; of text or bytes, themselves; of nothing, null,
 * which stands for {}.
 */
export function payload(data) {
  if (data === undefined || data === null) return null;
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) {
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  }
  const json = JSON.stringify(data);
  if (json === undefined) throw failure(Status.KN_EJSON, 'the payload has no JSON form');
  return Buffer.from(json);
}

/** Triggers that go out together, with Client.triggerBatch(). */
export class Batch {
  #handle;

  constructor() {
    const pointer = kn.kn_batch_new();
    if (pointer === null) throw failure(Status.KN_ENOMEM);
    this.#handle = new Handle(pointer, kn.kn_batch_free).belongTo(this);
  }

  /** Adds a trigger behind those that are there. Throws KN_EINVAL or KN_EJSON. */
  add(channel, event, data) {
    const bytes = payload(data);
    const status = kn.kn_batch_add(this.pointer, checkedText(channel, 'the channel'),
      checkedText(event, 'the event'), bytes, bytes === null ? 0 : bytes.length);
    // By its place: what was given for a name may be a token that went astray.
    check(status, `trigger ${this.length + 1} cannot be: ${kn.kn_status_message(status)}`);
    return this;
  }

  /** How many triggers it holds. */
  get length() {
    return Number(kn.kn_batch_count(this.pointer));
  }

  /** Takes all triggers out. */
  clear() {
    kn.kn_batch_clear(this.pointer);
  }

  /** Frees it now. Calls that were given it have their own copy. */
  free() {
    this.#handle.free();
  }

  /** For the client. */
  get pointer() {
    const { pointer } = this.#handle;
    if (pointer === null) throw failure(Status.KN_ESTATE, 'the batch was freed');
    return pointer;
  }

  static from(triggers) {
    const batch = new Batch();
    for (const { channel, event, data } of triggers) batch.add(channel, event, data);
    return batch;
  }
}

if (Symbol.dispose) Batch.prototype[Symbol.dispose] = Batch.prototype.free;

/** How each trigger of a batch ended: null, or the error of one that failed. */
export function outcomes(result) {
  const count = Number(kn.kn_result_count(result));
  return Array.from({ length: count }, (_, index) => {
    const status = kn.kn_result_item_status(result, index);
    return status < 0 ? copyOf(kn.kn_result_item_error(result, index), status) : null;
  });
}
