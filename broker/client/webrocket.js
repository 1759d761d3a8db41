// The browser's side of WebRocket, a broker between browsers and backends. MIT licence.
// docs/javascript-client.md says how it is used, webrocket.d.ts has the types.

const ANSWER_WITHIN_MS = 20_000;
const FAREWELL_WITHIN_MS = 5_000;
const TIMER_MS_MAX = 2 ** 31 - 1;
const WAITING_MAX = 1000; // what cannot go out yet: of each channel, and of triggers

// --- What is given and what is received ---

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function demand(isFine, complaint) {
  if (!isFine) throw new TypeError(`WebRocket: ${complaint}`);
}

// The broker refuses the same, but cannot say which call was wrong.
function demandEventName(name) {
  demand(typeof name === 'string' && name !== '', 'an event needs a name');
  demand(!/^:|\/:|[\0-\x1f\x7f]/.test(name), `no event may be called ${JSON.stringify(name)}`);
}

function demandObject(value, what) {
  demand(value === undefined || value === null || isObject(value), `${what} must be an object`);
}

// Frames are made when the call is made: what cannot be JSON is refused there, and what waits does
// not change meanwhile.
const frame = (command, payload) => JSON.stringify({ [command]: payload });

// Nothing for what is not of the protocol's form.
function read(text) {
  try {
    const message = JSON.parse(text);
    const [event] = Object.keys(message);
    return isObject(message) && isObject(message[event]) ? [event, message[event]] : [];
  } catch {
    return [];
  }
}

async function fetchToken(url, signal) {
  const headers = { Accept: 'application/json' };
  const response = await fetch(url, { signal, headers, cache: 'no-store' });
  const { status } = response;
  const token = status === 200 && (await response.json().catch(() => null))?.token;
  if (typeof token === 'string' && token !== '') return token;
  const reason = status === 200 ? 'no token in the answer' : `HTTP status ${status}`;
  throw Object.assign(new Error(reason), { httpStatus: status });
}

// --- Handlers ---

// Calls an emitter's handlers, and returns whether there were any. Users of the library have no
// way to it.
let emit;

class Emitter {
  #handlers = new Map();

  static {
    emit = (emitter, event, ...values) => {
      const handlers = emitter.#of(event);
      const called = [...handlers]; // the first may remove the second
      for (const handler of called) {
        if (handlers.has(handler)) call(handler, emitter, values);
      }
      return called.length > 0;
    };
  }

  constructor(...events) {
    for (const event of events) this.#handlers.set(event, new Set());
  }

  on(event, handler) {
    demand(typeof handler === 'function', 'a handler is a function');
    this.#of(event).add(handler);
    return this;
  }

  off(event, ...unwanted) {
    const handlers = this.#of(event);
    if (unwanted.length === 0) handlers.clear();
    for (const handler of unwanted) handlers.delete(handler);
    return this;
  }

  #of(event) {
    const known = this.#handlers;
    demand(known.has(event), `no event ${String(event)} here, only ${[...known.keys()].join(', ')}`);
    return known.get(event);
  }
}

// A handler that fails, at once or later, keeps nobody else from being called.
async function call(handler, self, values) {
  try {
    await handler.apply(self, values);
  } catch (failure) {
    console.error('WebRocket: a handler failed:', failure);
  }
}

// --- Presence ---

// The broker counts connections, a page people: somebody with two pages open is there once.
class Roster {
  infos = Object.create(null); // by uid
  #connections = new Map(); // how many, by uid

  // Returns whether it is somebody new.
  join(info) {
    if (typeof info.uid !== 'string') return false;
    const count = this.#connections.get(info.uid);
    this.#connections.set(info.uid, (count ?? 0) + 1);
    this.infos[info.uid] = info;
    return count === undefined;
  }

  // Returns whether it was the last of them.
  leave({ uid }) {
    const count = this.#connections.get(uid);
    if (count > 1) {
      this.#connections.set(uid, count - 1);
      return false;
    }
    delete this.infos[uid];
    return this.#connections.delete(uid);
  }

  clear() {
    for (const uid of this.#connections.keys()) delete this.infos[uid];
    this.#connections.clear();
  }

  // Takes over another list; tells who is on it, who of them is new, and who has gone. Whoever is
  // `expected` may be missing: oneself, whom the broker announces next.
  replace(list, expected) {
    for (const uid of this.#connections.keys()) this.#connections.set(uid, 0);
    const come = list.filter((info) => this.join(info)).map(({ uid }) => this.infos[uid]);
    const there = [];
    const gone = [];
    for (const [uid, count] of this.#connections) {
      if (count > 0) there.push(this.infos[uid]);
      else if (uid !== expected) gone.push(this.infos[uid]);
    }
    for (const info of gone) this.leave(info);
    return { there, come, gone };
  }
}

// --- Channels ---

// How a subscription stands with the broker. An error does not say what it refuses: whatever has
// been asked for and not confirmed is in doubt after it, and may be asked for again.
const OFF = 0;
const ASKED = 1;
const IN_DOUBT = 2;
const ON = 3;

// What a Channel is inside.
class Subscription {
  state = OFF;
  isWanted = false;
  isLeaving = false; // and the broker has not confirmed it
  uid = null;
  data = undefined;
  isHidden = false;
  roster = new Roster();
  accessors = new Map();
  waiting = [];

  constructor(link, name) {
    this.link = link;
    this.name = name;
    this.isGuarded = /^(private|presence)-/.test(name);
    this.channel = new Channel(this);
  }

  join(data = this.data, isHidden = this.isHidden) {
    this.request = frame('subscribe', { channel: this.name, data, hidden: isHidden });
    this.data = data;
    this.isHidden = isHidden;
    this.isWanted = true;
    this.ask();
  }

  // Asks the broker, if that is due.
  ask() {
    const isDue = this.isWanted && (this.state === OFF || this.state === IN_DOUBT);
    if (isDue && this.link.mayAsk(this.isGuarded)) {
      this.state = ASKED;
      this.link.send(this.request);
    }
  }

  // What has only been asked for is left when it is confirmed.
  leave(data) {
    this.farewell = frame('unsubscribe', { channel: this.name, data });
    this.isWanted = false;
    if (this.state === ON) this.#takeLeave();
    else if (this.state !== ASKED) this.waiting = [];
  }

  #takeLeave() {
    this.flush();
    this.state = OFF;
    this.isLeaving = true;
    this.link.send(this.farewell);
  }

  fire(event, data) {
    const text = frame('broadcast', { channel: this.name, event, data });
    if (!this.isWanted) this.link.report({ code: 453, status: 'Not subscribed' });
    else if (this.state === ON) this.link.send(text);
    else this.link.keep(text, this.waiting);
  }

  flush() {
    for (const text of this.waiting.splice(0)) this.link.send(text);
  }

  // The broker no longer knows of it.
  lose() {
    this.state = OFF;
    this.isLeaving = false;
    if (!this.isWanted) this.waiting = [];
  }

  subscribed({ uid, subscribers }) {
    this.uid = uid;
    if (!this.isWanted) {
      this.#takeLeave();
      return;
    }
    this.state = ON;
    this.flush();
    const list = Array.isArray(subscribers) ? subscribers.filter(isObject) : [];
    const { there, come, gone } = this.roster.replace(list, this.isHidden ? null : uid);
    emit(this.channel, 'subscribed', there);
    for (const info of gone) emit(this.channel, 'offline', info);
    for (const info of come) emit(this.channel, 'online', info);
  }

  // The answer to a leave, after which the page may have joined again; or the channel was closed.
  unsubscribed() {
    if (!this.isLeaving) {
      this.state = OFF;
      this.isWanted = false;
      this.waiting = [];
    }
    this.isLeaving = false;
    this.roster.clear();
    emit(this.channel, 'unsubscribed');
  }

  memberJoined(info) {
    if (this.roster.join(info)) emit(this.channel, 'online', info);
  }

  memberLeft(info) {
    if (this.roster.leave(info)) emit(this.channel, 'offline', info);
  }

  received(event, data) {
    const accessor = this.accessors.get(event);
    if (accessor) emit(accessor, 'received', data);
    emit(this.channel, 'received', event, data);
  }
}

class Channel extends Emitter {
  #inside;

  constructor(subscription) {
    super('subscribed', 'unsubscribed', 'online', 'offline', 'received');
    this.#inside = subscription;
  }

  get name() {
    return this.#inside.name;
  }

  get uid() {
    return this.#inside.uid ?? null;
  }

  get subscribers() {
    return this.#inside.roster.infos;
  }

  event(name) {
    demandEventName(name);
    const { accessors } = this.#inside;
    if (!accessors.has(name)) accessors.set(name, new EventAccessor(this.#inside, name));
    return accessors.get(name);
  }

  leave(data) {
    demandObject(data, 'data');
    this.#inside.leave(data ?? undefined);
  }
}

class EventAccessor extends Emitter {
  #subscription;
  #name;

  constructor(subscription, name) {
    super('received');
    this.#subscription = subscription;
    this.#name = name;
  }

  get name() {
    return this.#name;
  }

  fire(data) {
    demandObject(data, 'data');
    this.#subscription.fire(this.#name, data ?? undefined);
  }
}

// --- The connection ---

// How an authentication stands.
const DUE = 0;
const FETCHING = 1;
const SENT = 2;
const FAILED = 3;
const DONE = 4;

// What a WebRocket is inside.
class Link {
  socket = null;
  sid = null;
  isOpen = false; // the broker has greeted, and nobody has said good-bye
  isClosing = false;
  authentication = null; // what authenticate() asked for: {url, state}
  isSomebody = false; // the broker knows who this connection is
  answersDue = 0; // to `auth`
  subscriptions = new Map(); // by channel name
  waiting = []; // triggers

  constructor(owner, url, debug) {
    this.owner = owner;
    this.url = url;
    this.debug = debug;
    this.connect();
  }

  log(...words) {
    if (this.debug ?? WebRocket.debug) console.log('WebRocket:', ...words);
  }

  // An error is for the developer: where no handler wants it, it goes to the console.
  report(error) {
    if (emit(this.owner, 'error', error)) this.log('error', error);
    else console.error('WebRocket:', error.status, error);
  }

  // At any time there is at most one thing that the broker or the application owes.
  limit(ms, giveUp) {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(giveUp, ms);
  }

  connect() {
    clearTimeout(this.retry);
    this.drop();
    this.log('connecting to', this.url);
    try {
      this.socket = new WebSocket(this.url);
    } catch (failure) { // such as ws: on a page that came by https:
      this.limit(0, () => {
        this.report({ code: 0, status: failure.message });
        this.lost();
      });
      return;
    }
    this.socket.onmessage = ({ data }) => this.hear(data);
    this.socket.onclose = ({ code }) => this.lost(code);
    this.limit(ANSWER_WITHIN_MS, () => this.lost());
  }

  connectAfter(ms) {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), ms);
  }

  // Forgets the connection and what was agreed on it, and tells nobody.
  drop() {
    clearTimeout(this.deadline);
    this.fetching?.abort();
    if (this.socket) {
      this.socket.onmessage = this.socket.onclose = null;
      this.socket.close();
    }
    this.socket = this.sid = null;
    this.isOpen = this.isClosing = this.isSomebody = false;
    this.answersDue = 0;
    if (this.authentication) this.authentication.state = DUE;
    for (const subscription of this.subscriptions.values()) subscription.lose();
  }

  lost(code = 1006) {
    const clean = this.isClosing;
    this.drop();
    this.log('disconnected', code);
    emit(this.owner, 'disconnected', { clean, code });
  }

  disconnect() {
    clearTimeout(this.retry);
    if (this.isClosing) return;
    clearTimeout(this.deadline);
    this.fetching?.abort();
    for (const subscription of this.subscriptions.values()) {
      if (subscription.state === ASKED) subscription.flush(); // that is answered before these
      subscription.leave();
    }
    this.waiting = [];
    if (!this.socket) return;
    if (this.isOpen) this.send(frame('close', {}));
    else this.socket.close();
    this.isOpen = false;
    this.isClosing = true;
    this.limit(FAREWELL_WITHIN_MS, () => this.lost());
  }

  send(text) {
    this.log('→', text.startsWith('{"auth"') ? '{"auth":…}' : text);
    this.socket.send(text);
  }

  keep(text, waiting) {
    if (waiting.length < WAITING_MAX) waiting.push(text);
    else this.report({ code: 0, status: 'Too many events wait to be sent' });
  }

  // Who wants to be somebody asks for nothing before that is settled, and for nothing that takes
  // authentication if it has failed.
  mayAsk(isGuarded) {
    const state = this.authentication?.state ?? DONE;
    return this.isOpen && (state === DONE || (state === FAILED && !isGuarded));
  }

  // Does what has become possible.
  proceed() {
    if (this.isOpen && this.authentication?.state === DUE) this.prove();
    for (const subscription of this.subscriptions.values()) subscription.ask();
    if (this.mayAsk(true)) for (const text of this.waiting.splice(0)) this.send(text);
  }

  trigger(event, data) {
    const text = frame('trigger', { event, data });
    if (this.mayAsk(true)) this.send(text);
    else this.keep(text, this.waiting);
  }

  authenticate(url) {
    this.authentication = { url, state: DUE };
    this.fetching?.abort();
    this.proceed();
  }

  // A token is good for one connection, so each of them begins with another.
  async prove() {
    const { authentication } = this;
    const fetching = new AbortController();
    const fail = ({ message, httpStatus = 0 }) => {
      if (fetching.signal.aborted) return;
      fetching.abort();
      this.refused({ code: 0, status: `Authentication failed: ${message}`, httpStatus });
    };
    this.fetching = fetching;
    authentication.state = FETCHING;
    this.limit(ANSWER_WITHIN_MS, () => fail({ message: 'no answer in time' }));
    try {
      const token = await fetchToken(authentication.url, fetching.signal);
      if (fetching.signal.aborted) return;
      this.send(frame('auth', { token }));
      this.answersDue += 1;
      authentication.state = SENT;
    } catch (failure) {
      fail(failure);
    }
  }

  refused(error) {
    clearTimeout(this.deadline);
    this.authentication.state = FAILED;
    this.report(error);
    this.proceed();
  }

  // Whether what has come is the answer to the last `auth`, not to one before it.
  isAnswered() {
    if (this.answersDue === 0) return false; // and nothing was asked
    this.answersDue -= 1;
    return this.answersDue === 0 && this.authentication?.state === SENT;
  }

  hear(text) {
    this.log('←', text);
    const [event, payload] = read(text);
    if (event === ':connected') this.connected(payload);
    else if (event === ':authenticated') this.authenticated();
    else if (event === ':error') this.failed(payload);
    else if (event && (this.isOpen || this.isClosing)) this.pass(event, payload);
  }

  connected({ sid }) {
    if (this.isOpen || this.isClosing) return;
    clearTimeout(this.deadline);
    this.isOpen = true;
    this.sid = sid ?? null;
    emit(this.owner, 'connected'); // before anything is asked: a handler may authenticate
    this.proceed();
  }

  authenticated() {
    if (!this.isOpen) return;
    // The broker drops, and does not say, what the last one might hear and this one may not.
    if (this.isSomebody) {
      for (const { state, isGuarded, request } of this.subscriptions.values()) {
        if (state === ON && isGuarded) this.send(request);
      }
    }
    this.isSomebody = true;
    if (this.isAnswered()) {
      clearTimeout(this.deadline);
      this.authentication.state = DONE;
      this.proceed();
    }
  }

  failed({ code, status }) {
    if (!this.isOpen) return;
    for (const subscription of this.subscriptions.values()) {
      if (subscription.state === ASKED) subscription.state = IN_DOUBT;
      // Who was somebody and cannot prove it again has lost everything.
      if (code === 402 && this.isSomebody) subscription.lose();
    }
    if (code === 402) this.isSomebody = false;
    if (code === 402 && this.isAnswered()) this.refused({ code, status });
    else this.report({ code, status });
  }

  pass(event, payload) {
    const subscription = this.subscriptions.get(payload.channel);
    if (!subscription) return;
    if (event === ':subscribed') subscription.subscribed(payload);
    else if (event === ':unsubscribed') subscription.unsubscribed();
    else if (event === ':memberJoined') subscription.memberJoined(payload);
    else if (event === ':memberLeft') subscription.memberLeft(payload);
    else if (!event.startsWith(':')) subscription.received(event, payload);
  }
}

// The address of a vhost. The token that backends put into theirs must not be on any page.
function vhostUrl(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    url = {};
  }
  const isFine = /^wss?:$/.test(url.protocol) && url.pathname !== '/' && url.hash === '';
  demand(isFine, 'the URL has to be ws[s]://HOST[:PORT]/VHOST');
  demand(url.username === '' && url.password === '', 'the URL has a password, which pages never need');
  return url.href;
}

export class WebRocket extends Emitter {
  static debug = false;

  #link;
  #authURL;

  constructor(url, options) {
    super('connected', 'disconnected', 'error');
    demandObject(options, 'options');
    const { debug, authURL = '/webrocket/auth.json' } = options ?? {};
    this.#authURL = authURL;
    this.#link = new Link(this, vhostUrl(url), debug);
  }

  get sid() {
    return this.#link.sid;
  }

  authenticate(params, url) {
    demandObject(params, 'params');
    const address = String(url ?? this.#authURL);
    const query = new URLSearchParams(params ?? {}).toString();
    const separator = address.includes('?') ? '&' : '?';
    this.#link.authenticate(query === '' ? address : address + separator + query);
  }

  join(name, data, options) {
    const isName = typeof name === 'string' && /^\w[\w.-]*$/.test(name);
    demand(isName, `no channel may be called ${JSON.stringify(name)}`);
    demandObject(data, 'data');
    demandObject(options, 'options');
    const { subscriptions } = this.#link;
    const subscription = subscriptions.get(name) ?? new Subscription(this.#link, name);
    const { hidden } = options ?? {};
    subscription.join(data ?? undefined, hidden === undefined ? undefined : Boolean(hidden));
    subscriptions.set(name, subscription);
    return subscription.channel;
  }

  fire(event, data) {
    demandEventName(event);
    demandObject(data, 'data');
    this.#link.trigger(event, data ?? undefined);
  }

  disconnect() {
    this.#link.disconnect();
  }

  reconnect() {
    this.#link.connect();
  }

  reconnectAfter(ms) {
    const isDelay = typeof ms === 'number' && ms >= 0 && ms <= TIMER_MS_MAX;
    demand(isDelay, 'a delay is a number of milliseconds');
    this.#link.connectAfter(ms);
  }
}
