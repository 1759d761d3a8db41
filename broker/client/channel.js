// Channels, and how they stand with the broker.
import { Emitter, emit } from './emitter.js';
import { Roster } from './roster.js';
import { demandEventName, demandObject, frame, isObject } from './values.js';

// How a subscription stands with the broker. An error does not say what it refuses: whatever has
// been asked for and not confirmed is in doubt after it, and may be asked for again.
const OFF = 0;
export const ASKED = 1;
export const IN_DOUBT = 2;
export const ON = 3;

// What a Channel is inside.
export class Subscription {
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
