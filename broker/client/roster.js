// Who is on a presence channel.

// The broker counts connections, a page people: somebody with two pages open is there once.
export class Roster {
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
