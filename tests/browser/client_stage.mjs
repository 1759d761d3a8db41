// Pages with the library for browsers, and the application and the broker that they speak with.
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';

import { Application } from './application.mjs';
import { Stage } from './support.mjs';

// What Chromium itself logs about what is away or refused; a page cannot prevent it.
export const UNREACHABLE = /^(error|warning): (Failed to load resource|WebSocket connection to)/;

class ClientStage extends Stage {
  async startOthers() {
    this.application = await Application.start();
    this.application.vhost = { addr: this.broker.addr, path: '/demo', token: this.token };
    this.url = this.application.url;
  }

  get origin() {
    return `http://${this.broker.addr}`;
  }

  get vhost() {
    return `ws://${this.broker.addr}/demo`;
  }

  get tag() {
    return `<script src="${this.origin}/webrocket.js"></script>`;
  }

  // All pages share a browser profile: they are nobody before they have a token.
  async openPage() {
    this.context ??= await this.browser.newContext();
    return this.openTab(this.context);
  }

  // As a backend does it.
  async backend(method, path, body) {
    const response = await fetch(`${this.origin}/demo${path}`, {
      method,
      headers: { Authorization: `Basic ${btoa(`wr:${this.token}`)}` },
      body: body && JSON.stringify(body),
    });
    assert.equal(response.ok, true, `${method} ${path}: ${response.status}`);
    return response;
  }

  async openChannel(name) {
    await this.backend('POST', `/channels/${name}`);
  }

  async closeChannel(name) {
    await this.backend('DELETE', `/channels/${name}`);
  }

  async trigger(channel, event, data) {
    await this.backend('POST', `/channels/${channel}/events`, { trigger: { event, data } });
  }

  // A worker: waits for the next event and returns it as [topic, data].
  async worker() {
    const response = await this.backend('GET', '/events');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const next = async () => {
      for (;;) {
        const found = /(?:^|\n)event: (.*)\ndata: (.*)\n\n/.exec(text);
        if (found) {
          text = text.slice(found.index + found[0].length);
          return [found[1], JSON.parse(found[2])];
        }
        text += (await reader.read()).value;
      }
    };
    return { next, close: () => reader.cancel() };
  }

  async strike() {
    await this.application?.stop();
    return super.strike();
  }
}

export let stage;
let count = 0;

before(async () => {
  stage = await ClientStage.set();
});

beforeEach(() => {
  stage.application.tokensAskedFor = [];
  stage.application.authenticate = (query) =>
    stage.application.giveToken(query.get('uid'), query.get('channels') ?? '.*');
});

after(async () => {
  const ends = await stage?.strike();
  assert.deepEqual(ends?.broker, { status: 0, signal: null }, stage?.logs);
});

// Every test has channels of its own.
export async function newChannel(prefix = '') {
  count += 1;
  await stage.openChannel(`${prefix}channel${count}`);
  return `${prefix}channel${count}`;
}

// On each page `heard` is what its handlers were told, and note() adds handlers.
const NOTES = `<script>
  window.heard = [];
  window.note = (name, emitter, ...events) => {
    for (const event of events) emitter.on(event, (...values) => heard.push([name + ' ' + event, ...values]));
    return emitter;
  };
  window.noteAll = (wr) => note('wr', wr, 'connected', 'disconnected', 'error');
  window.noteChannel = (channel) =>
    note(channel.name, channel, 'subscribed', 'unsubscribed', 'online', 'offline', 'received');
</script>`;

// A page with the given HTML; everything that goes wrong on it fails the test, but for what matches.
export async function open(test, { html = stage.tag, allow = /^$/ } = {}) {
  stage.application.html = NOTES + html;
  const page = await stage.openPage();
  test.after(async () => {
    await page.close();
    assert.deepEqual(page.complaints.filter((text) => !allow.test(text)), []);
  });
  return page;
}

// A page with a connection, `wr`; as somebody if there is a uid.
export async function connect(test, uid, options = {}) {
  const page = await open(test, options);
  await page.evaluate(([url, uid]) => {
    window.wr = noteAll(new WebRocket(url));
    if (uid) wr.authenticate({ uid });
  }, [options.url ?? stage.vhost, uid]);
  await heard(page, 'wr connected');
  return page;
}

// Waits until handlers were called `times` times, and returns what they were told the last time.
export async function heard(page, what, times = 1) {
  const all = await page.waitForFunction(([what, times]) => {
    const found = heard.filter(([name]) => name === what);
    return found.length >= times && found;
  }, [what, times]);
  return (await all.jsonValue())[times - 1].slice(1);
}

export async function everything(page, what) {
  return page.evaluate((what) =>
    heard.filter(([name]) => name.startsWith(what)).map(([, ...values]) => values), what);
}

// Joins and waits for the confirmation.
export async function join(page, name, data, options) {
  await page.evaluate(([name, data, options]) => {
    noteChannel(wr.join(name, data, options));
  }, [name, data, options]);
  return heard(page, `${name} subscribed`);
}
