// The browser's side of WebRocket, a broker between browsers and backends. MIT licence.
// docs/javascript-client.md says how it is used, webrocket.d.ts has the types.

import { ASKED, IN_DOUBT, ON, Subscription } from './channel.js';
import { Emitter, emit } from './emitter.js';
import { demand, demandEventName, demandObject, fetchToken, frame, read } from './values.js';

const ANSWER_WITHIN_MS = 20_000;
const FAREWELL_WITHIN_MS = 5_000;
const TIMER_MS_MAX = 2 ** 31 - 1;
const WAITING_MAX = 1000; // what cannot go out yet: of each channel, and of triggers

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
