// Which handlers an event goes to: the rules of kn_worker_on().

class Route {
  constructor(pattern, handler) {
    const slash = pattern.indexOf('/');
    this.channel = pattern.slice(0, slash);
    this.name = pattern.slice(slash + 1);
    this.handler = handler;
  }

  covers({ channel, name }) {
    if (this.channel !== '*' && this.channel !== channel) return false;
    return this.name === '*' ? !name.startsWith(':') : this.name === name;
  }
}

/** Handlers by their patterns, in the order in which the patterns first came. */
export class Routes {
  #routes = new Map();

  has(pattern) {
    return this.#routes.get(pattern)?.handler !== undefined;
  }

  isEmpty() {
    return [...this.#routes.values()].every((route) => route.handler === undefined);
  }

  set(pattern, handler) {
    const known = this.#routes.get(pattern);
    if (known !== undefined) known.handler = handler;
    else this.#routes.set(pattern, new Route(pattern, handler));
  }

  remove(pattern) {
    const known = this.#routes.get(pattern);
    if (known !== undefined) known.handler = undefined;
  }

  /** The handlers for an event. It is a list of its own: handlers may change what is set. */
  handlersOf(event) {
    const handlers = [];
    for (const route of this.#routes.values()) {
      if (route.handler !== undefined && route.covers(event)) handlers.push(route.handler);
    }
    return handlers;
  }
}
