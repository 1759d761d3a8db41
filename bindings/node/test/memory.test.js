// What is dropped without being closed leaves nothing behind.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';

import { Batch, Client, Worker, WorkerState } from '../index.js';
import { Broker, descriptors, NOBODY, waitUntil } from './support.js';

const LIMIT = { timeout: 120_000 };
const MEBIBYTE = 2 ** 20;

v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

let broker;
let vhost;

before(async () => {
  broker = await Broker.start();
  vhost = await broker.vhost('memory');
});

after(async () => {
  await broker.close();
});

function residentBytes() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
}

async function collectUntil(condition, what) {
  await waitUntil(async () => {
    collect();
    await turn(); // finalizers run between
    return condition();
  }, what);
}

/** Makes `count` things, in parts, since each may take descriptors until the collector comes. */
async function makeAndDrop(count, make) {
  const before = descriptors();
  for (let made = 0; made < count; made += 100) {
    for (let n = 0; n < 100; n += 1) make();
    await collectUntil(() => descriptors() <= before + 100, 'descriptors to be closed');
  }
  await collectUntil(() => descriptors() <= before, 'all descriptors to be closed');
}

/** How much the process grows by 10 000 things, when 2000 have been there before. */
async function growth(make) {
  await makeAndDrop(2000, make);
  const before = residentBytes();
  await makeAndDrop(10_000, make);
  return residentBytes() - before;
}

for (const [what, make] of [
  ['clients', () => new Client(NOBODY)],
  ['workers', () => new Worker(NOBODY).handle('chat/save', () => {})],
  ['clients with a log', () => new Client(NOBODY, { log: { handler: () => {} } })],
  ['batches', () => new Batch().add('greetings', 'hello', { text: 'x'.repeat(1000) })],
]) {
  test(`10 000 ${what}, dropped`, LIMIT, async () => {
    assert.ok(await growth(make) < 24 * MEBIBYTE);
  });
}

test('1000 clients and workers, used and closed', LIMIT, async () => {
  const before = descriptors();
  for (let n = 0; n < 1000; n += 1) {
    const client = new Client(vhost.url);
    await client.openChannel('greetings');
    await client.close();
    const worker = new Worker(vhost.url);
    await worker.next({ timeoutMs: 0 });
    await worker.close({ timeoutMs: 0 });
  }
  await waitUntil(() => descriptors() <= before + 2, 'descriptors to be closed');
});

test('clients that were used and dropped', LIMIT, async () => {
  const before = descriptors();
  for (let n = 0; n < 100; n += 1) await new Client(vhost.url).openChannel('greetings');
  await collectUntil(() => descriptors() <= before + 2, 'descriptors to be closed');
});

test('workers that were used and dropped', LIMIT, async () => {
  const before = descriptors();
  for (let n = 0; n < 100; n += 1) await new Worker(vhost.url).next({ timeoutMs: 1 });
  await collectUntil(() => descriptors() <= before + 2, 'descriptors to be closed');
});

test('events that are never freed, and errors', LIMIT, async (t) => {
  const worker = new Worker(vhost.url);
  t.after(() => worker.close());
  const browser = await vhost.browser('alice');
  t.after(() => browser.close());
  const client = new Client(NOBODY);
  t.after(() => client.close());
  const data = { text: 'x'.repeat(10_000) };
  const receive = async (count) => {
    for (let n = 0; n < count; n += 1) {
      browser.trigger('chat/save', data);
      await worker.next();
      if (n % 10 === 0) await assert.rejects(client.openChannel('no spaces'));
      if (n % 100 === 0) {
        collect();
        await turn();
      }
    }
  };
  const first = worker.next();
  await waitUntil(() => worker.state === WorkerState.CONNECTED);
  browser.trigger('chat/save', data);
  await first;
  await receive(1000);
  const before = residentBytes();
  await receive(5000); // 50 MB of payloads
  collect();
  assert.ok(residentBytes() - before < 24 * MEBIBYTE);
});
