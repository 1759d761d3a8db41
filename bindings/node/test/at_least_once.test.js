// Delivery at least once, beside a server that plays the broker's part.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Delivery, EventKind, Order, Status, Worker } from '../index.js';
import { DEADLINE_MS, waitUntil } from './support.js';

const LIMIT = { timeout: 2 * DEADLINE_MS };

function record(tag, { topic = 'chat/said', data = '{}', fields = '' } = {}) {
  return `id: e-${tag}\ntag: ${tag}\n${fields}event: ${topic}\ndata: ${data}\n\n`;
}

/** Sends the records on each stream and keeps what the worker answers. */
async function groupServer(t, records) {
  const answers = [];
  const targets = [];
  const server = http.createServer((request, response) => {
    if (request.method === 'GET') {
      targets.push(request.url);
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'X-WebRocket-Worker-Id': 'S1',
        'X-WebRocket-Delivery': 'explicit; resumed=0; deadline_ms=60000; lease_ms=10000; order=none',
      });
      response.write(records);
      return;
    }
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (more) => {
      body += more;
    });
    request.on('end', () => {
      answers.push({ kind: request.url.split('/').pop(), ids: [], upto: 0, ...JSON.parse(body) });
      response.writeHead(202, { 'Content-Type': 'application/json' });
      response.end('{"ignored":0}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://wr:${'0'.repeat(40)}@127.0.0.1:${server.address().port}/moon`,
    answers,
    targets,
    of: (kind) => answers.filter((answer) => answer.kind === kind),
    hasAcknowledged: (number) => answers.some(({ kind, upto, ids }) => kind === 'ack'
      && (upto >= number || ids.includes(`e-${number}`))),
  };
}

function workerOf(t, server, options = {}) {
  const worker = new Worker(server.url, {
    delivery: Delivery.AT_LEAST_ONCE, group: 'g', reconnectDelay: { minMs: 10, maxMs: 50 }, ...options,
  });
  t.after(() => worker.close());
  return worker;
}

test('an event is acknowledged when its handler\'s promise is fulfilled', LIMIT, async (t) => {
  const server = await groupServer(t, record(1));
  const worker = workerOf(t, server);
  let wasEarly;
  worker.on('chat/said', async () => {
    await sleep(100);
    wasEarly = server.hasAcknowledged(1);
  });
  worker.start();
  await waitUntil(() => server.hasAcknowledged(1));
  assert.equal(wasEarly, false);
  assert.deepEqual(server.of('nack'), []);
});

test('a promise that is rejected gives the event back', LIMIT, async (t) => {
  const server = await groupServer(t, record(1, { fields: 'attempt: 2\n' }) + record(2));
  const worker = workerOf(t, server);
  const errors = [];
  worker.on('error', (error) => errors.push(error.message));
  worker.on('chat/said', async ({ id }) => {
    if (id === 'e-1') throw new Error('no database');
  });
  worker.start();
  await waitUntil(() => server.hasAcknowledged(2) && server.of('nack').length === 1);
  const [nack] = server.of('nack');
  assert.deepEqual([nack.ids, nack.delay_ms, nack.unhandled], [['e-1'], 5000, undefined]);
  assert.deepEqual(errors, ['no database']);
});

test('a handler that throws gives the event back', LIMIT, async (t) => {
  const server = await groupServer(t, record(1));
  const worker = workerOf(t, server);
  worker.on('chat/said', () => {
    throw new Error('mishap');
  });
  await assert.rejects(worker.run(), /mishap/);
  assert.equal(await worker.close(), true);
  const [nack] = server.of('nack');
  assert.deepEqual([nack.ids, nack.delay_ms, nack.unhandled], [['e-1'], 1000, undefined]);
});

test('an event may be answered after its handler', LIMIT, async (t) => {
  const server = await groupServer(t, record(1) + record(2));
  const worker = workerOf(t, server);
  let kept;
  worker.on('chat/said', (event) => {
    if (event.id !== 'e-1') return;
    event.defer();
    kept = event;
  });
  worker.start();
  await waitUntil(() => server.hasAcknowledged(2));
  assert.equal(server.hasAcknowledged(1), false);
  assert.equal(kept.extend(), true);
  await waitUntil(() => server.of('extend').length === 1);
  assert.equal(kept.ack(), true);
  await waitUntil(() => server.hasAcknowledged(1));
});

test('with autoAck off nothing is acknowledged by a return', LIMIT, async (t) => {
  const server = await groupServer(t, record(1) + record(2));
  const worker = workerOf(t, server, { autoAck: false });
  worker.on('chat/said', (event) => {
    if (event.id === 'e-1') event.ack();
  });
  worker.start();
  await waitUntil(() => server.hasAcknowledged(1) && server.of('nack').length === 1);
  assert.deepEqual(server.of('nack')[0].ids, ['e-2']);
});

test('what no handler is for is given back, with a warning', LIMIT, async (t) => {
  const server = await groupServer(t, record(1, { topic: 'chat/other' }) + record(2));
  const worker = workerOf(t, server, { filter: 'chat/.*' });
  worker.on('chat/said', () => {});
  const warned = once(process, 'warning');
  worker.start();
  await waitUntil(() => server.hasAcknowledged(2) && server.of('nack').length === 1);
  const [nack] = server.of('nack');
  assert.deepEqual([nack.ids, nack.delay_ms, nack.unhandled], [['e-1'], 1000, true]);
  const [warning] = await warned;
  assert.match(warning.message, /no handler for chat\/other/);
});

test('an event says what the broker says', LIMIT, async (t) => {
  const server = await groupServer(t, record(1, {
    fields: 'attempt: 2\nref: p.1\ntime: 1764450000123\n',
  }) + record(2, { topic: ':gap', data: '{"count":3}' }));
  const worker = workerOf(t, server, { window: 7, order: Order.UID, workerName: 'w' });
  const event = await worker.next({ timeoutMs: DEADLINE_MS });
  assert.deepEqual([event.attempt, event.ref, event.timeMs], [2, 'p.1', 1764450000123]);
  assert.equal(event.decline(2000), true);
  const gap = await worker.next({ timeoutMs: DEADLINE_MS });
  assert.deepEqual([gap.kind, gap.ref, gap.timeMs], [EventKind.GAP, null, null]);
  gap.free();
  assert.equal(await worker.close(), true);
  assert.equal(server.of('nack')[0].unhandled, true);
  assert.match(server.targets[0], /worker=w&group=g&ack=explicit&window=7&order=uid/);
});

test('closing gives back what was not handled', LIMIT, async (t) => {
  const server = await groupServer(t, record(1) + record(2));
  const worker = workerOf(t, server);
  const event = await worker.next({ timeoutMs: DEADLINE_MS });
  event.ack();
  await sleep(50);
  assert.equal(await worker.close(), true);
  assert.equal(server.hasAcknowledged(1), true);
  const [nack] = server.of('nack');
  assert.deepEqual([nack.ids, nack.unhandled], [['e-2'], true]);
});

test('a group is needed', LIMIT, () => {
  assert.throws(() => new Worker('http://wr:0@127.0.0.1:1/moon', { delivery: Delivery.AT_LEAST_ONCE }),
    ({ status }) => status === Status.KN_EINVAL);
});
