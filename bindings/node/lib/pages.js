import { checkedText, failure, requireOk } from './errors.js';
import { kn, textAt } from './native.js';
import { Status } from './status.js';

/** How a client is told of a call: by its C function, its arguments, what reads its result. */
export const handIn = Symbol('handIn');

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

/** What a client is told a page at a time. */
export class Pages {
  /**
   * All who are on a channel, those who hide from the others included, as an async iterator. It asks
   * for a page, of at most `pageSize` (left out: what the broker sees fit), whenever the one before
   * is used up. Of whoever stays meanwhile none is left out and none comes twice.
   */
  subscribers(channel, { pageSize } = {}) {
    return walk('subscribers', (after) => this.subscribersPage(channel, { after, limit: pageSize }));
  }

  /**
   * One page of who is on a channel: { subscribers, next }. It begins behind the sid `after`, such
   * as the `next` of the page before, which is null where there is no other.
   */
  async subscribersPage(channel, { after, limit } = {}) {
    return this[handIn](kn.kn_client_subscribers_async,
      [checkedText(channel, 'the channel'), textOrNull(after, 'after'), checkedLimit(limit)],
      pageOf('subscribers', (page, index) => new Subscriber(page, index)));
  }

  /** All channels whose names begin with `prefix` (left out: all), as an async iterator. */
  channels({ prefix, pageSize } = {}) {
    return walk('channels', (after) => this.channelsPage({ prefix, after, limit: pageSize }));
  }

  /** One page of them, behind the name `after`: { channels, next }. */
  async channelsPage({ prefix, after, limit } = {}) {
    return this[handIn](kn.kn_client_channels_async,
      [textOrNull(prefix, 'the prefix'), textOrNull(after, 'after'), checkedLimit(limit)],
      pageOf('channels', channelOf));
  }
}

/** A channel that is open, as it was when the broker was asked. */
function channelOf(page, index) {
  const members = Number(kn.kn_channels_members(page, index));
  return {
    name: kn.kn_channels_name(page, index),
    type: kn.kn_channels_type(page, index),
    subscribers: Number(kn.kn_channels_subscribers(page, index)),
    members: members < 0 ? null : members,
  };
}

async function* walk(name, ask) {
  let after;
  do {
    const page = await ask(after);
    yield* page[name];
    after = page.next;
  } while (after !== null);
}

/** What reads the page of that name out of a result. */
function pageOf(name, rowOf) {
  return (result) => {
    requireOk(result);
    const page = kn[`kn_result_${name}`](result);
    const length = Number(kn[`kn_${name}_count`](page));
    return {
      [name]: Array.from({ length }, (_, index) => rowOf(page, index)),
      next: kn[`kn_${name}_next`](page),
    };
  };
}

function textOrNull(text, what) {
  return text === undefined || text === null ? null : checkedText(text, what);
}

/** How many may be on a page, for C; undefined stands for 0, the broker's own. */
function checkedLimit(limit) {
  if (limit === undefined) return 0;
  if (!Number.isSafeInteger(limit)) throw new TypeError('the limit is not a whole number');
  if (limit < 0 || limit > 0x7fffffff) throw failure(Status.KN_EINVAL, 'the limit is out of range');
  return limit;
}
