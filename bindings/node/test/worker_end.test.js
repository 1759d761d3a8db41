// How workers end: interrupted, closed, or because of a failure.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';

import { KosmonautError, LogLevel, Worker, WorkerState } from '../index.js';
import { Broker, NOBODY, waitUntil, within } from './support.js';
import {
  LIMIT, browserOf, heard, isConnected, moveTo, started, useBroker, vhost, workerOf,
} from './worker_stage.js';

useBroker();

// ---- Interrupting and closing ----

test('interrupt() makes run() return, and does not come too early', LIMIT, async (t) => {
  const worker = workerOf(t);
  worker.handle('chat/*', () => {});
  const running = worker.run();
  await isConnected(worker);
  worker.interrupt();
  await within(running);
  worker.interrupt();
  await within(worker.run());
  worker.start();
  const told = heard(worker, 'interrupt');
  worker.interrupt();
  await told;
  assert.equal(worker.state, WorkerState.CONNECTED);
  assert.equal(worker.stateName, worker.stats().state);
});

test('close() ends what waits, tells, and leaves the figures', LIMIT, async (t) => {
  const worker = workerOf(t);
  let events = 0;
  worker.handle('chat/*', () => {
    events += 1;
  });
  const running = worker.run();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => events === 1);
  let closes = 0;
  worker.on('close', () => {
    closes += 1;
  });
  assert.equal(worker.isClosed, false);
  const told = heard(worker, 'close');
  assert.equal(await worker.close({ timeoutMs: 5000 }), true);
  assert.equal(await worker.close(), true);
  await within(running);
  await told;
  assert.equal(closes, 1);
  assert.equal(worker.isClosed, true);
  assert.equal(worker.state, WorkerState.CLOSED);
  assert.equal(worker.events, 1);
  assert.ok(worker.bytes > 0);
  assert.equal(worker.reconnects, 0);
  assert.equal(worker.lagMs, 0);
  assert.equal(worker.lastError, null);
  assert.equal(worker.fd, -1);
  assert.equal(worker.stats().events, 1);
  assert.equal(await worker.next(), null);
  assert.throws(() => worker.interrupt(), { code: 'KN_CLOSED' });
});

test('a handler closes its own worker, and waits for it', LIMIT, async (t) => {
  const worker = workerOf(t);
  worker.handle('chat/*', async () => {
    await worker.close();
  });
  const running = worker.run();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await within(running);
  assert.equal(worker.state, WorkerState.CLOSED);
});

test('a worker that was never used is closed', LIMIT, async () => {
  const worker = new Worker(vhost.url);
  assert.equal(worker.state, WorkerState.IDLE);
  assert.equal(worker.stateName, 'idle');
  assert.equal(await worker.close({ timeoutMs: 0 }), true);
  assert.equal(worker.stateName, 'closed');
});

test('await using closes', { ...LIMIT, skip: !Symbol.asyncDispose }, async () => {
  const worker = new Worker(vhost.url);
  worker.start();
  await worker[Symbol.asyncDispose]();
  assert.equal(worker.state, WorkerState.CLOSED);
});

// ---- Failures ----

test('a wrong token ends the worker: \'error\', then \'close\'', LIMIT, async (t) => {
  const worker = workerOf(t, {}, vhost.url.replace(vhost.token, '0'.repeat(40)));
  const told = [];
  worker.on('error', (error) => told.push(error.code));
  worker.on('close', () => told.push('close'));
  const closed = heard(worker, 'close');
  worker.start();
  await assert.rejects(closed, { code: 'KN_EUNAUTHORIZED', httpStatus: 401 });
  await waitUntil(() => told.length === 2);
  assert.deepEqual(told, ['KN_EUNAUTHORIZED', 'close']);
  assert.equal(worker.lastError.code, 'KN_EUNAUTHORIZED');
});

test('the same with run(), next() and a loop is a rejection, once', LIMIT, async (t) => {
  const wrong = vhost.url.replace(vhost.name, 'nowhere');
  await assert.rejects(workerOf(t, {}, wrong).run(), { code: 'KN_ENOVHOST' });
  const worker = workerOf(t, {}, wrong);
  await assert.rejects(worker.next(), { code: 'KN_ENOVHOST', name: 'ResponseError' });
  assert.equal(await worker.next(), null);
  await assert.rejects((async () => {
    for await (const event of workerOf(t, {}, wrong)) assert.fail(event.topic);
  })(), { code: 'KN_ENOVHOST' });
});

test('a filter that is no regular expression ends the worker', LIMIT, async (t) => {
  await assert.rejects(workerOf(t, { filter: '(' }).run(), { code: 'KN_EBADREQUEST' });
});

test('the stream\'s end for good (204) closes the worker', LIMIT, async (t) => {
  const server = createServer((request, response) => {
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const worker = workerOf(t, {},
    `http://wr:${vhost.token}@127.0.0.1:${server.address().port}/moon`);
  const closed = heard(worker, 'close');
  await within(worker.run());
  await closed;
});

test('what the worker retries is told as \'retry\', whatever listeners do', LIMIT, async (t) => {
  const worker = workerOf(t, {}, NOBODY);
  const retried = [];
  worker.on('retry', (error) => retried.push(error));
  worker.start();
  await waitUntil(() => retried.length >= 3);
  assert.ok(retried.every((error) => error instanceof KosmonautError));
  assert.equal(retried[0].code, 'KN_ECONNECT');
  assert.equal(worker.lastError.code, 'KN_ECONNECT');
  assert.equal(worker.stats().last_error.status, 'KN_ECONNECT');
});

test('a worker outlives its broker', LIMIT, async (t) => {
  const own = await Broker.start();
  t.after(() => own.close());
  moveTo(await own.vhost('moon'));
  const { worker, events } = await started(t, ['chat/*']);
  await own.stop('SIGKILL');
  await waitUntil(() => worker.state !== WorkerState.CONNECTED);
  await own.start();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => events.length === 1);
  assert.equal(worker.reconnects, 1);
});

test('the log is heard', LIMIT, async (t) => {
  const lines = [];
  const worker = workerOf(t, {
    log: { level: LogLevel.DEBUG, handler: (level, line) => lines.push([level, line]) },
  });
  worker.start();
  await isConnected(worker);
  await waitUntil(() => lines.length > 0, 'a line of the log');
  for (const [level, line] of lines) {
    assert.ok(level >= 1 && level <= 4);
    assert.ok(!line.includes(vhost.token));
  }
  assert.throws(() => workerOf(t, { log: { level: 1 } }), TypeError);
});
