// What has been said, and what of one's own has not come back yet.
import { badgeOf, hueOf } from './people.js';

const LINES_MAX = 500;
const ANSWER_WITHIN_MS = 5000;
const NEAR_THE_END_PX = 80;

function element(tag, className, content = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

function clock() {
  const now = new Date();
  const when = element('time', '', now.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  when.dateTime = now.toISOString();
  return when;
}

export class Conversation {
  me = { uid: '', name: '' };
  #lines;
  #newer;
  #send;
  #retry;
  #isFollowing = true;
  #count = 0;
  #pending = new Map(); // line id to {item, text, timer}

  // `send(line, text)` sends a line of one's own; `retry(text)` is asked for one that got lost, and
  // returns whether it can be said again now.
  constructor(lines, newer, send, retry) {
    this.#lines = lines;
    this.#newer = newer;
    this.#send = send;
    this.#retry = retry;
    newer.addEventListener('click', () => this.#scrollDown());
    lines.addEventListener('scroll', () => {
      this.#isFollowing = this.#isAtEnd();
      if (this.#isFollowing) newer.hidden = true;
    });
    // Such as by a phone's keyboard: whoever sees the last line goes on seeing it.
    new ResizeObserver(() => this.#isFollowing && this.#scrollDown()).observe(lines);
  }

  clear() {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
    this.#lines.replaceChildren();
    this.#isFollowing = true;
    this.#newer.hidden = true;
  }

  note(text) {
    this.#append(element('li', 'note', text));
  }

  say(text) {
    this.#count += 1;
    const line = `${Date.now().toString(36)}-${this.#count}`;
    const item = this.#line(this.me.uid, this.me.name, text);
    this.#mark(item, 'sending', 'sending…');
    this.#append(item);
    const timer = setTimeout(() => this.unsaid({ line }), ANSWER_WITHIN_MS);
    this.#pending.set(line, { item, text, timer });
    this.#send(line, text);
  }

  // Somebody's line, as the backend tells it to everybody.
  said({ uid, name, line, text }) {
    const mine = uid === this.me.uid ? this.#take(line) : undefined;
    if (mine) {
      this.#mark(mine.item, '', '');
      this.#append(mine.item); // where everybody else has it
    } else {
      this.#append(this.#line(uid, name, text));
    }
  }

  // A line of one's own that nobody has seen.
  unsaid({ line }) {
    const lost = this.#take(line);
    if (!lost) return;
    this.#mark(lost.item, 'lost', 'not delivered');
    const again = element('button', 'retry', 'Try again');
    again.type = 'button';
    again.addEventListener('click', () => {
      if (!this.#retry()) return;
      lost.item.remove();
      this.say(lost.text);
    });
    lost.item.querySelector('.who').append(again);
  }

  #take(line) {
    const own = this.#pending.get(line);
    if (own) clearTimeout(own.timer);
    this.#pending.delete(line);
    return own;
  }

  #line(uid, name, text) {
    const item = element('li', uid === this.me.uid ? 'line mine' : 'line');
    const who = element('p', 'who');
    item.dataset.uid = uid;
    item.style.setProperty('--hue', hueOf(uid));
    who.append(element('span', 'name', name), clock(), element('span', 'fate'));
    item.append(badgeOf(uid), who, element('p', 'said', text));
    return item;
  }

  #mark(item, className, fate) {
    item.classList.remove('sending', 'lost');
    if (className) item.classList.add(className);
    item.querySelector('.fate').textContent = fate;
    item.querySelector('.retry')?.remove();
  }

  #append(item) {
    const follows = this.#isFollowing || item.classList.contains('mine');
    this.#lines.append(item);
    item.classList.toggle('more', item.previousElementSibling?.dataset.uid === item.dataset.uid);
    while (this.#lines.children.length > LINES_MAX) this.#lines.firstElementChild.remove();
    if (follows) this.#scrollDown();
    else this.#newer.hidden = false;
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#lines;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
  }

  #scrollDown() {
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#isFollowing = true;
    this.#newer.hidden = true;
  }
}
