// The pages for browsers that the documentation shows: each is opened beside a real broker, with an
// application that knows its user as neil, and has to print what it says. localhost:8080/moon is the
// test's own broker and vhost. No page may complain of anything.
//
// Words of a <!-- test: … --> comment above it:
//
//   open=CHANNEL     a channel is opened first
//   prints=REGEX     a line on the page's console; it may come again
//   visitor=UID      once the first line is printed, somebody comes to that channel, and goes: "so long"
//   hears=TOPIC      a worker is sent this event
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { connect, open, stage } from './client_stage.mjs';

const { DOCS } = process.env;

function pages() {
  return readdirSync(DOCS).filter((name) => name.endsWith('.md')).flatMap((name) => {
    const text = readFileSync(join(DOCS, name), 'utf8');
    return [...text.matchAll(/^(?:<!-- test: ([^\n]*) -->\n)?```html\n(.*?)^```$/gms)].map((found) => ({
      where: `${name}:${text.slice(0, found.index).split('\n').length}`,
      words: [...(found[1] ?? '').matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)].map(([, word, a, b]) => [word, a ?? b]),
      html: found[2],
    }));
  });
}

// Comes to a channel, and goes.
async function visit(t, uid, channel) {
  const visitor = await connect(t, uid);
  await visitor.evaluate(([uid, channel]) => new Promise((resolve) => {
    const joined = wr.join(channel);
    joined.on('online', (member) => member.uid === uid && joined.leave({ message: 'so long' }));
    joined.on('unsubscribed', resolve);
  }), [uid, channel]);
}

test('they do what the page says', async (t) => {
  const found = pages();
  assert.ok(found.length > 0);
  for (const { where, words, html } of found) {
    await t.test(where, async (t) => {
      const all = (name) => words.filter(([word]) => word === name).map(([, value]) => value);
      const unknown = words.filter(([word]) => !['open', 'prints', 'visitor', 'hears'].includes(word));
      assert.deepEqual(unknown, []);
      for (const channel of all('open')) await stage.openChannel(channel);
      stage.application.authenticate = (query) => stage.application.giveToken(query.get('uid') ?? 'neil', '.*');
      const worker = await stage.worker();
      t.after(() => worker.close());

      const printed = [];
      const prints = async (regex) => {
        const isThere = () => printed.some((line) => regex.test(line));
        for (const until = Date.now() + 20_000; !isThere() && Date.now() < until;) await pause(20);
        assert.ok(isThere(), `${regex} is not among: ${printed.join('\n')}`);
      };
      const local = html.replaceAll('localhost:8080/moon', `${stage.broker.addr}/demo`)
        .replaceAll('localhost:8080', stage.broker.addr);
      const page = await open(t, { html: '' });
      page.on('console', (message) => printed.push(message.text()));
      stage.application.html = local;
      await page.reload();

      const [first, ...others] = all('prints').map((regex) => new RegExp(regex));
      await prints(first);
      for (const uid of all('visitor')) await visit(t, uid, all('open')[0]);
      for (const regex of others) await prints(regex);
      for (const topic of all('hears')) assert.equal((await worker.next())[0], topic);
    });
  }
});
