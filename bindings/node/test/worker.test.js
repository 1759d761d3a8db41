import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { Event, EventKind, WorkerState } from '../index.js';
import { NOBODY, waitUntil, within } from './support.js';
import {
  LIMIT, browserOf, heard, isConnected, started, useBroker, vhost, workerOf,
} from './worker_stage.js';

useBroker();

// ---- Events ----

test('a handler is given what the browser sent', LIMIT, async (t) => {
  const { events } = await started(t, ['chat/save']);
  const browser = await browserOf(t);
  browser.trigger('chat/save', { text: 'Grüße 🚀', nothing: null });
  await waitUntil(() => events.length === 1);
  const [event] = events;
  assert.ok(event instanceof Event);
  assert.equal(event.topic, 'chat/save');
  assert.equal(event.channel, 'chat');
  assert.equal(event.name, 'save');
  assert.equal(event.kind, EventKind.MESSAGE);
  assert.equal(event.attempt, 1);
  assert.equal(event.uid, 'alice');
  assert.equal(event.sid, browser.sid);
  assert.equal(typeof event.id, 'string');
  assert.equal(event.json().text, 'Grüße 🚀');
  assert.equal(event.data, JSON.stringify(event.json()));
  assert.equal(event.isPending, false);
});

test('a browser without authentication has no uid', LIMIT, async (t) => {
  await vhost.open('chat');
  const { events } = await started(t, ['chat/*']);
  const browser = await browserOf(t, null);
  await browser.subscribe('chat');
  browser.broadcast('chat', 'say', { n: 1 });
  await waitUntil(() => events.length === 1);
  assert.equal(events[0].uid, null);
  assert.equal(events[0].sid, browser.sid);
});

test('the worker asks for what its patterns cover, and each handler gets its own', LIMIT,
  async (t) => {
    const worker = workerOf(t);
    const seen = [];
    for (const pattern of ['chat/save', '*/save', 'chat/*']) {
      worker.handle(pattern, (event) => {
        seen.push([pattern, event.topic]);
      });
    }
    worker.handle('chat/gone', () => seen.push('gone'));
    worker.unhandle('chat/gone');
    worker.start();
    await isConnected(worker);
    const browser = await browserOf(t);
    for (const topic of ['news/other', 'news/save', 'chat/gone', 'chat/save']) {
      browser.trigger(topic);
    }
    await waitUntil(() => seen.length >= 5);
    assert.deepEqual(seen, [['*/save', 'news/save'], ['chat/*', 'chat/gone'],
      ['chat/save', 'chat/save'], ['*/save', 'chat/save'], ['chat/*', 'chat/save']]);
    assert.equal(worker.events, 3, 'news/other did not come at all');
  });

test('handlers are replaced at any time, new patterns come before the first use', LIMIT,
  async (t) => {
    const { worker, events } = await started(t, ['chat/save']);
    assert.throws(() => worker.handle('chat/more', () => {}), { code: 'KN_ESTATE' });
    const replaced = [];
    worker.handle('chat/save', (event) => replaced.push(event));
    const browser = await browserOf(t);
    browser.trigger('chat/save');
    await waitUntil(() => replaced.length === 1);
    worker.unhandle('chat/save');
    const event = heard(worker, 'event');
    browser.trigger('chat/save');
    await event;
    assert.equal(events.length + replaced.length, 1);
  });

test('patterns are checked', LIMIT, (t) => {
  const worker = workerOf(t);
  for (const pattern of ['chat', 'chat/', 'ch*t/save', 'chat/sa*', 'a\0/b', 'a\n/b']) {
    assert.throws(() => worker.handle(pattern, () => {}), { code: 'KN_EINVAL' }, pattern);
  }
  assert.throws(() => worker.handle('chat/save'), TypeError);
  assert.throws(() => worker.handle(/chat/, () => {}), TypeError);
});

test('the option filter goes before the patterns', LIMIT, async (t) => {
  const { worker, events } = await started(t, ['*/*'], { filter: 'chat/(save|remove)' });
  const browser = await browserOf(t);
  browser.trigger('chat/other');
  browser.trigger('chat/save');
  await waitUntil(() => events.length === 1);
  assert.equal(events[0].name, 'save');
  assert.equal(worker.events, 1);
});

test('without handlers every event comes, and \'event\' tells of each', LIMIT, async (t) => {
  const { worker } = await started(t, []);
  const browser = await browserOf(t);
  const first = heard(worker, 'event');
  browser.trigger('any/thing', { n: 1 });
  const [event] = await first;
  assert.equal(event.topic, 'any/thing');
});

test('10 000 events come in their order, and the loop goes on meanwhile', LIMIT, async (t) => {
  const { events } = await started(t, ['chat/*']);
  const browser = await browserOf(t);
  let ticks = 0;
  let ticking = setImmediate(function tick() {
    ticks += 1;
    ticking = setImmediate(tick);
  });
  for (let n = 0; n < 10_000; n += 1) browser.trigger('chat/n', { n });
  await waitUntil(() => events.length === 10_000);
  clearImmediate(ticking);
  assert.deepEqual(events.map((event) => event.json().n), [...events.keys()]);
  assert.ok(ticks > 10, `${ticks} ticks`);
});

// ---- One by one ----

test('next() waits, and hands over an event to answer', LIMIT, async (t) => {
  const worker = workerOf(t);
  assert.equal(await worker.next({ timeoutMs: 0 }), null);
  assert.equal(await worker.next({ timeoutMs: 30 }), null);
  const waiting = worker.next();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save', { n: 1 });
  const event = await within(waiting);
  assert.equal(event.isPending, true);
  const kept = event.retain();
  assert.equal(event.ack(), true);
  assert.throws(() => event.ack(), { code: 'KN_ESTATE' });
  assert.throws(() => event.retain(), { code: 'KN_ESTATE' });
  event.free();
  assert.equal(kept.json().n, 1);
  // Delivery is at most once: there is nothing to give back.
  assert.throws(() => kept.nack(100), { code: 'KN_ESTATE' });
  kept.free();
  assert.equal(event.json().n, 1);
});

test('a signal aborts next(), and no event is lost', LIMIT, async (t) => {
  const worker = workerOf(t);
  const controller = new AbortController();
  const waiting = worker.next({ signal: controller.signal });
  await isConnected(worker);
  controller.abort();
  await assert.rejects(waiting, { name: 'AbortError' });
  await assert.rejects(worker.next({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  (await browserOf(t)).trigger('chat/save', { n: 1 });
  assert.equal((await within(worker.next())).json().n, 1);
});

test('a worker is iterated over', LIMIT, async (t) => {
  const worker = workerOf(t);
  const browser = await browserOf(t);
  const seen = [];
  const iterating = (async () => {
    for await (const event of worker) {
      seen.push(event);
      if (seen.length === 3) break;
    }
  })();
  await isConnected(worker);
  for (let n = 0; n < 4; n += 1) browser.trigger('chat/n', { n });
  await within(iterating);
  assert.deepEqual(seen.map((event) => event.json().n), [0, 1, 2]);
  assert.ok(seen.every((event) => !event.isPending));
  // What the loop was left with goes on.
  for await (const event of worker) {
    assert.equal(event.json().n, 3);
    break;
  }
});

test('an iteration ends when the worker is closed, and when it is interrupted', LIMIT,
  async (t) => {
    const worker = workerOf(t);
    const iterate = async () => {
      for await (const event of worker) assert.fail(event.topic);
    };
    const first = iterate();
    await isConnected(worker);
    worker.interrupt();
    await within(first);
    const second = iterate();
    await sleep(20);
    await worker.close();
    await within(second);
  });

test('a loop over many events lets others have their turn', LIMIT, async (t) => {
  const worker = workerOf(t);
  const browser = await browserOf(t);
  const first = worker.next();
  await isConnected(worker);
  for (let n = 0; n < 5000; n += 1) browser.trigger('chat/n', { n });
  await first;
  let ticks = 0;
  const ticking = setInterval(() => {
    ticks += 1;
  }, 1);
  let left = 4999;
  for await (const event of worker) {
    left -= event.channel === 'chat' ? 1 : 0;
    if (left === 0) break;
  }
  clearInterval(ticking);
  assert.ok(ticks > 5, `${ticks} ticks`);
});

test('dispatch() hands out what is there', LIMIT, async (t) => {
  const worker = workerOf(t);
  const events = [];
  worker.handle('chat/*', async (event) => {
    await turn();
    events.push(event);
    if (event.name === 'bad') throw new Error('no good');
  });
  await waitUntil(async () => {
    assert.equal(await worker.dispatch(), false);
    return worker.state === WorkerState.CONNECTED;
  });
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => worker.dispatch());
  assert.equal(events.length, 1);
  (await browserOf(t, 'bob')).trigger('chat/bad');
  await assert.rejects(waitUntil(() => worker.dispatch()), { message: 'no good' });
  assert.ok(worker.fd > 2);
});

test('only one at a time takes events out', LIMIT, async (t) => {
  const { worker } = await started(t, ['chat/*']);
  assert.throws(() => worker.start(), { code: 'KN_ESTATE', name: 'StateError' });
  await assert.rejects(worker.next(), { code: 'KN_ESTATE' });
  await assert.rejects(worker.run(), { code: 'KN_ESTATE' });
  await assert.rejects(worker.dispatch(), { code: 'KN_ESTATE' });
});

// ---- Asynchronous handlers ----

test('handlers run one after the other, unless they are allowed to overlap', LIMIT, async (t) => {
  const browser = await browserOf(t);
  for (const concurrency of [1, 3]) {
    const worker = workerOf(t, { concurrency });
    let running = 0;
    let most = 0;
    let done = 0;
    worker.handle('chat/*', async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(5); // in which more could come
      await waitUntil(() => most === concurrency);
      running -= 1;
      done += 1;
    });
    worker.start();
    await isConnected(worker);
    for (let n = 0; n < 9; n += 1) browser.trigger('chat/n', { n });
    await waitUntil(() => done === 9);
    assert.equal(most, concurrency);
    await worker.close();
  }
  assert.throws(() => workerOf(t, { concurrency: 0 }), TypeError);
});

test('an event that was deferred is answered later', LIMIT, async (t) => {
  const worker = workerOf(t);
  let later;
  worker.handle('chat/*', (event) => {
    event.defer();
    event.defer();
    later = event;
  });
  worker.start();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => later);
  await turn();
  assert.equal(later.isPending, true);
  assert.equal(later.isDeferred, true);
  assert.equal(later.ack(), true);
  assert.equal(later.isPending, false);
});

// ---- Exceptions ----

test('start(): what handlers throw comes out as \'error\', and the worker goes on', LIMIT,
  async (t) => {
    const worker = workerOf(t);
    let good = 0;
    worker.handle('chat/now', () => {
      throw new RangeError('thrown');
    });
    worker.handle('chat/later', async () => {
      await turn();
      throw new RangeError('rejected');
    });
    worker.handle('chat/*', () => {
      good += 1;
    });
    const errors = [];
    worker.on('error', (error) => errors.push(error));
    worker.start();
    await isConnected(worker);
    const browser = await browserOf(t);
    for (const topic of ['chat/now', 'chat/later', 'chat/good']) browser.trigger(topic);
    await waitUntil(() => good === 3 && errors.length === 2);
    assert.deepEqual(errors.map(({ message }) => message), ['thrown', 'rejected']);
    assert.equal(worker.state, WorkerState.CONNECTED);
  });

test('what an \'event\' listener throws comes out as \'error\'', LIMIT, async (t) => {
  const worker = workerOf(t);
  const errors = [];
  worker.on('error', (error) => errors.push(error.message));
  worker.on('event', () => {
    throw new Error('thrown');
  });
  worker.prependListener('event', async () => {
    throw new Error('rejected');
  });
  worker.start();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => errors.length === 2);
  assert.deepEqual(errors.sort(), ['rejected', 'thrown']);
});

test('run(): what a handler throws is the rejection, and run() may be called again', LIMIT,
  async (t) => {
    for (const concurrency of [1, 4]) {
      const worker = workerOf(t, { concurrency });
      const seen = [];
      worker.handle('chat/*', async (event) => {
        seen.push(event.name);
        await turn();
        if (event.name === 'bad') throw new RangeError('no good');
        worker.interrupt();
      });
      const first = worker.run();
      await isConnected(worker);
      const browser = await browserOf(t, `user${concurrency}`);
      browser.trigger('chat/bad');
      await assert.rejects(within(first), RangeError);
      const second = worker.run();
      browser.trigger('chat/good');
      await within(second);
      assert.deepEqual(seen, ['bad', 'good']);
      await worker.close();
    }
  });

test('a loop that throws leaves the worker as it is', LIMIT, async (t) => {
  const worker = workerOf(t);
  const iterating = (async () => {
    for await (const event of worker) throw new RangeError(event.topic);
  })();
  await isConnected(worker);
  const browser = await browserOf(t);
  browser.trigger('chat/first');
  await assert.rejects(within(iterating), RangeError);
  browser.trigger('chat/second');
  assert.equal((await within(worker.next())).name, 'second');
});

// ---- The words of other languages ----

test('on() gives a pattern a handler, as in every language', LIMIT, async (t) => {
  const topics = [];
  const worker = workerOf(t);
  assert.equal(worker.on('chat/save', (event) => topics.push(event.topic)), worker);
  worker.on('chat/other', () => topics.push('other'));
  worker.off('chat/other');
  worker.start();
  await isConnected(worker);
  (await browserOf(t)).trigger('chat/save');
  await waitUntil(() => topics.length > 0);
  assert.deepEqual(topics, ['chat/save']);
});

test('what would be silent for ever is refused', LIMIT, (t) => {
  const worker = workerOf(t);
  const refused = (call, ...words) => assert.throws(call, (error) => {
    assert.equal(error.code, 'KN_EINVAL');
    for (const word of words) assert.match(error.message, word);
    return true;
  });
  refused(() => worker.on('ticket', () => {}), /'ticket'/, /channel\/event/);
  refused(() => worker.once('ticket', () => {}), /'ticket'/);
  refused(() => worker.once('ticket/new', () => {}), /'ticket\/new'/, /handle\(\)/);
  for (const method of ['prependListener', 'prependOnceListener']) {
    refused(() => worker[method]('ticket', () => {}), /'ticket'/, /channel\/event/);
    refused(() => worker[method]('ticket/new', () => {}), /'ticket\/new'/, /handle\(\)/);
    worker[method]('close', () => {});
  }
  refused(() => worker.on('ticket/(new|old)', () => {}), /no regular expression/);
  assert.throws(() => worker.on('ticket/new', 'no function'), TypeError);
  worker.once('close', () => {}).on('retry', () => {}).addListener('event', () => {});
  worker.on(Symbol('own'), () => {});
});

test('a worker that hands out events to nobody says so', LIMIT, async (t) => {
  const warned = once(process, 'warning');
  workerOf(t, {}, NOBODY).start();
  const [warning] = await within(warned, 'the warning');
  assert.match(warning.message, /no handlers/);

  const warnings = [];
  const keep = (one) => warnings.push(one);
  process.on('warning', keep);
  t.after(() => process.off('warning', keep));
  workerOf(t, {}, NOBODY).start().on('event', () => {});
  workerOf(t, {}, NOBODY).on('a/b', () => {}).start();
  await turn();
  await turn();
  assert.deepEqual(warnings, []);
});

// ---- Several at once ----

test('many workers and clients wait with one thread', LIMIT, async (t) => {
  const workers = [];
  const topics = [];
  for (let n = 0; n < 12; n += 1) {
    const worker = workerOf(t);
    worker.handle(`room${n}/*`, (event) => topics.push(event.topic));
    worker.start();
    workers.push(worker);
  }
  for (const worker of workers) await isConnected(worker);
  const browser = await browserOf(t);
  for (let n = 0; n < 12; n += 1) browser.trigger(`room${n}/go`);
  await waitUntil(() => topics.length === 12);
});
