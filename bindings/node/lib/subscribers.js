import { failure } from './errors.js';
import { kn, textAt } from './native.js';
import { Status } from './status.js';

/** A connection that is subscribed to a channel, as it was when the broker was asked. */
export class Subscriber {
  constructor(page, index) {
    /** The session, that is the connection. */
    this.sid = kn.kn_subscribers_sid(page, index);
    /** The user that it is authenticated as, by the broker's word, or null. */
    this.uid = kn.kn_subscribers_uid(page, index);
    /** Whether it hides from the other members of a presence channel. */
    this.isHidden = kn.kn_subscribers_hidden(page, index) === 1;
    const length = [null];
    const data = kn.kn_subscribers_data(page, index, length);
    /** What the browser said of itself as it subscribed, as it came; json() reads it. */
    this.data = textAt(data, Number(length[0]));
  }

  json() {
    return JSON.parse(this.data);
  }
}

/** A copy of a `kn_subscribers`, which stays whose it is. */
export function pageOf(page) {
  const count = Number(kn.kn_subscribers_count(page));
  return {
    subscribers: Array.from({ length: count }, (_, index) => new Subscriber(page, index)),
    next: kn.kn_subscribers_next(page),
  };
}

/** A number of subscribers for C; undefined stands for 0, the broker's own. */
export function checkedLimit(limit, what) {
  if (limit === undefined) return 0;
  if (!Number.isSafeInteger(limit)) throw new TypeError(`${what} is not a whole number`);
  if (limit < 0 || limit > 0x7fffffff) throw failure(Status.KN_EINVAL, `${what} is out of range`);
  return limit;
}
