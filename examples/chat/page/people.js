// Who is in the chat.

// Comings and goings are told together, and whoever reloads the page has not been away. When the
// broker was, everybody comes back at a time of their own.
const TELL_AFTER_MS = 2500;
const TELL_AFTER_OUTAGE_MS = 12_000;

// A name is not what a page says about itself: the uid, for which the broker vouches, ends with it.
export function nameOf(uid) {
  return uid.slice(uid.indexOf('-') + 1);
}

export function hueOf(uid) {
  let hue = 0;
  for (const character of uid) {
    hue = (hue * 31 + character.codePointAt(0)) % 360;
  }
  return hue;
}

// The first letter of a name, in the colour of its owner.
export function badgeOf(uid) {
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.setAttribute('aria-hidden', 'true');
  badge.style.setProperty('--hue', hueOf(uid));
  badge.textContent = ([...nameOf(uid)][0] ?? '?').toUpperCase();
  return badge;
}

function sentence(names, what) {
  const list = new Intl.ListFormat('en', { type: 'conjunction' });
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} others`] : names;
  return `${list.format(shown)} ${what}`;
}

export class People {
  #list;
  #count;
  #tell;
  #me = null;
  #present = new Set(); // of uids
  #news = new Map(); // what has not been told: uid to 'came in' or 'left'
  #timer = 0;
  #delay = TELL_AFTER_MS;

  // `tell` is given sentences such as "Yuri came in".
  constructor(list, count, tell) {
    this.#list = list;
    this.#count = count;
    this.#tell = tell;
  }

  // Those who are there when one comes in are no news; who came while one was away is.
  begin(me, uids) {
    const isBack = this.#present.size > 0;
    this.#me = me;
    for (const uid of isBack ? [me] : [me, ...uids]) this.#present.add(uid);
    if (isBack) this.#delay = TELL_AFTER_OUTAGE_MS;
    this.#show();
  }

  arrive(uid) {
    if (this.#present.has(uid)) return;
    this.#present.add(uid);
    this.#notice(uid, 'came in');
  }

  depart(uid) {
    if (this.#present.delete(uid)) this.#notice(uid, 'left');
  }

  clear() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#delay = TELL_AFTER_MS;
    this.#me = null;
    this.#present.clear();
    this.#news.clear();
    this.#show();
  }

  #notice(uid, what) {
    if (this.#news.has(uid)) this.#news.delete(uid); // came and left, or left and came
    else if (uid !== this.#me) this.#news.set(uid, what);
    this.#timer ||= setTimeout(() => this.#tellNews(), this.#delay);
    this.#show();
  }

  #tellNews() {
    this.#timer = 0;
    this.#delay = TELL_AFTER_MS;
    for (const what of ['came in', 'left']) {
      const uids = [...this.#news.keys()].filter((uid) => this.#news.get(uid) === what);
      if (uids.length > 0) this.#tell(sentence(uids.map(nameOf), what));
    }
    this.#news.clear();
    this.#show();
  }

  // Whose leaving has not been told is still shown.
  #show() {
    const leaving = [...this.#news.keys()].filter((uid) => this.#news.get(uid) === 'left');
    const others = [...this.#present, ...leaving].filter((uid) => uid !== this.#me)
      .sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
    const uids = this.#me === null ? others : [this.#me, ...others];
    this.#list.replaceChildren(...uids.map((uid) => this.#item(uid)));
    this.#count.textContent = uids.length;
  }

  #item(uid) {
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.className = 'name';
    name.textContent = nameOf(uid);
    item.append(badgeOf(uid), name);
    if (uid === this.#me) {
      const you = document.createElement('span');
      you.className = 'you';
      you.textContent = 'you';
      item.append(you);
    }
    return item;
  }
}
