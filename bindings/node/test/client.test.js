import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';

import {
  ArgumentError, Batch, Client, ConnectionError, KosmonautError, ResponseError, StateError,
  Status, Subscriber, version,
} from '../index.js';
import { Broker, NOBODY, within } from './support.js';

const LIMIT = { timeout: 60_000 };

let broker;
let vhost;
let count = 0;

before(async () => {
  broker = await Broker.start();
});

after(async () => {
  await broker.close();
});

beforeEach(async () => {
  count += 1;
  vhost = await broker.vhost(`client${count}`);
});

/** A client that is closed at the test's end. */
function clientOf(context, url = vhost.url, options = {}) {
  const client = new Client(url, options);
  context.after(() => client.close({ timeoutMs: 0 }));
  return client;
}

/** A server that answers every request with the same. */
async function answering(context, status, headers = {}, body = '{}') {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://wr:${vhost.token}@127.0.0.1:${server.address().port}/moon`;
}

/** A server that accepts and never answers. */
async function silent(context) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://wr:${vhost.token}@127.0.0.1:${server.address().port}/moon`;
}

test('the library tells its version', () => {
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test('a channel is opened and closed', LIMIT, async (t) => {
  const client = clientOf(t);
  assert.equal(await client.openChannel('greetings'), undefined);
  await client.openChannel('greetings');
  await client.closeChannel('greetings');
  await assert.rejects(client.closeChannel('greetings'), {
    name: 'ResponseError', code: 'KN_ENOCHANNEL', status: Status.KN_ENOCHANNEL, httpStatus: 404,
    serverCode: 454, retryAfterMs: null, isRetriable: false,
  });
  assert.equal(client.requests, 4);
  assert.equal(client.requestsWithStatus(Status.KN_ENOCHANNEL), 1);
});

test('subscribers receive what is triggered, in every form of payload', LIMIT, async (t) => {
  const client = clientOf(t);
  await client.openChannel('greetings');
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await browser.subscribe('greetings');
  await client.trigger('greetings', 'object', { text: 'Grüße 🚀' });
  await client.trigger('greetings', 'text', '{"n":1}');
  await client.trigger('greetings', 'bytes', Buffer.from('{"n":2}'));
  await client.trigger('greetings', 'part', new Uint8Array(Buffer.from('xx{"n":3}')).subarray(2));
  await client.trigger('greetings', 'nothing');
  const channel = 'greetings';
  assert.deepEqual(await browser.hear(), { object: { text: 'Grüße 🚀', channel } });
  assert.deepEqual(await browser.hear(), { text: { n: 1, channel } });
  assert.deepEqual(await browser.hear(), { bytes: { n: 2, channel } });
  assert.deepEqual(await browser.hear(), { part: { n: 3, channel } });
  assert.deepEqual(await browser.hear(), { nothing: { channel } });
});

test('what cannot be sent is refused', LIMIT, async (t) => {
  const client = clientOf(t);
  await assert.rejects(client.openChannel('no spaces'), { code: 'KN_EINVAL', httpStatus: 0 });
  await assert.rejects(client.openChannel('cut\0off'), { code: 'KN_EINVAL' });
  await assert.rejects(client.openChannel(7), TypeError);
  await assert.rejects(client.trigger('greetings', ':own'), { code: 'KN_EINVAL' });
  await assert.rejects(client.trigger('greetings', 'list', [1]), { code: 'KN_EJSON' });
  await assert.rejects(client.trigger('greetings', 'half', '{"n":'), { code: 'KN_EJSON' });
  await assert.rejects(client.trigger('greetings', 'none', () => {}), { code: 'KN_EJSON' });
  const ring = {};
  ring.ring = ring;
  await assert.rejects(client.trigger('greetings', 'ring', ring), TypeError);
  assert.equal(client.requests, 0);
});

test('a token lets a browser in', LIMIT, async (t) => {
  const client = clientOf(t);
  await client.openChannel('private-room');
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await browser.authenticate(await client.requestToken('alice', 'private-room'));
  await browser.subscribe('private-room');
  await assert.rejects(client.requestToken('alice', '('), { code: 'KN_EBADREQUEST' });
});

test('a batch goes out in its order, and tells of each trigger', LIMIT, async (t) => {
  const client = clientOf(t);
  await client.openChannel('greetings');
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await browser.subscribe('greetings');
  const batch = new Batch().add('greetings', 'one', { n: 1 }).add('nowhere', 'lost')
    .add('greetings', 'two', '{"n":2}');
  assert.equal(batch.length, 3);
  const outcomes = await client.triggerBatch(batch);
  assert.deepEqual(outcomes.map((error) => error?.code ?? null), [null, 'KN_ENOCHANNEL', null]);
  assert.ok(outcomes[1] instanceof ResponseError);
  assert.deepEqual(await browser.hear(), { one: { n: 1, channel: 'greetings' } });
  assert.deepEqual(await browser.hear(), { two: { n: 2, channel: 'greetings' } });

  batch.clear();
  assert.equal(batch.length, 0);
  // By its place: what is given for a name may be a token that went astray.
  assert.throws(() => batch.add('greetings', 'bad', 'no JSON'),
    { code: 'KN_EJSON', message: /^trigger 1 cannot be: [^']*$/ });
  await assert.rejects(client.triggerBatch(batch), { code: 'KN_EINVAL' });
  batch.free();
  batch.free();
  assert.throws(() => batch.length, StateError);
  assert.deepEqual(await client.triggerBatch([{ channel: 'greetings', event: 'plain' }]), [null]);
});

test('who is on a channel is told', LIMIT, async (t) => {
  const client = clientOf(t);
  await client.openChannel('presence-room');
  assert.deepEqual(await client.subscribersPage('presence-room'), { subscribers: [], next: null });
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await browser.authenticate(await client.requestToken('älice', '.*'));
  const data = { name: 'Älice', nul: '\0' };
  await browser.subscribe('presence-room', { data, hidden: true });
  const { subscribers: [alice, ...others] } = await client.subscribersPage('presence-room');
  assert.deepEqual(others, []);
  assert.ok(alice instanceof Subscriber);
  assert.equal(alice.sid, browser.sid);
  assert.equal(alice.uid, 'älice');
  assert.equal(alice.isHidden, true);
  assert.deepEqual(alice.json(), data);
});

test('and page after page', LIMIT, async (t) => {
  const client = clientOf(t);
  await client.openChannel('greetings');
  const sids = [];
  for (let n = 0; n < 5; n += 1) {
    const browser = await vhost.browser();
    t.after(() => browser.close());
    await browser.subscribe('greetings');
    sids.push(browser.sid);
  }
  sids.sort();
  for (const pageSize of [undefined, 1, 2, 5]) {
    const found = [];
    for await (const { sid, uid, isHidden, data } of client.subscribers('greetings', { pageSize })) {
      found.push(sid);
      assert.deepEqual([uid, isHidden, data], [null, false, '{}']);
    }
    assert.deepEqual(found, sids);
  }
  const before = client.requests;
  for await (const { sid } of client.subscribers('greetings', { pageSize: 2 })) {
    if (sid === sids[1]) break;
  }
  assert.equal(client.requests - before, 1);
  const first = await client.subscribersPage('greetings', { limit: 3 });
  assert.equal(first.next, sids[2]);
  const last = await client.subscribersPage('greetings', { after: first.next });
  assert.deepEqual(last.subscribers.map(({ sid }) => sid), sids.slice(3));
  assert.equal(last.next, null);
});

test('or why not', LIMIT, async (t) => {
  const client = clientOf(t);
  await assert.rejects(client.subscribersPage('nowhere'), { code: 'KN_ENOCHANNEL' });
  await assert.rejects(client.subscribers('nowhere').next(), { code: 'KN_ENOCHANNEL' });
  await client.openChannel('greetings');
  await assert.rejects(client.subscribersPage('greetings', { limit: 1001 }),
    { code: 'KN_EBADREQUEST' });
  for (const bad of [{ after: '' }, { after: 'a\0b' }, { limit: -1 }, { limit: 2 ** 31 }]) {
    await assert.rejects(client.subscribersPage('greetings', bad), { code: 'KN_EINVAL' });
  }
  for (const bad of [{ after: 7 }, { limit: 'all' }, { limit: 1.5 }]) {
    await assert.rejects(client.subscribersPage('greetings', bad), TypeError);
  }
});

test('which channels there are is told page after page, too', LIMIT, async (t) => {
  const client = clientOf(t);
  const names = ['listed-0', 'listed-1', 'listed-2', 'listed-3', 'listed-4'];
  for (const name of [...names, 'presence-listed']) await client.openChannel(name);
  for (const pageSize of [undefined, 1, 2, 5]) {
    const found = [];
    for await (const { name } of client.channels({ prefix: 'listed-', pageSize })) found.push(name);
    assert.deepEqual(found, names);
  }
  const first = await client.channelsPage({ prefix: 'listed-', limit: 1 });
  assert.deepEqual(first, {
    channels: [{ name: 'listed-0', type: 'normal', subscribers: 0, members: null }],
    next: 'listed-0',
  });
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await browser.authenticate(await client.requestToken('älice', '.*'));
  await browser.subscribe('presence-listed', { hidden: true });
  const { channels, next } = await client.channelsPage({ after: 'presence' });
  assert.equal(next, null);
  assert.deepEqual(channels[0],
    { name: 'presence-listed', type: 'presence', subscribers: 1, members: 0 });
  await assert.rejects(client.channelsPage({ limit: 1001 }), { code: 'KN_EBADREQUEST' });
  for (const bad of [{ prefix: 'no/slash' }, { after: '' }, { limit: -1 }]) {
    await assert.rejects(client.channelsPage(bad), { code: 'KN_EINVAL' });
  }
});

test('failures have classes', LIMIT, async (t) => {
  assert.throws(() => new Client('nonsense'), ArgumentError);
  assert.throws(() => new Client(undefined), TypeError);
  await assert.rejects(clientOf(t, NOBODY).openChannel('greetings'), (error) => {
    assert.ok(error instanceof ConnectionError && error instanceof KosmonautError);
    assert.equal(error.code, 'KN_ECONNECT');
    assert.equal(error.isRetriable, true);
    assert.doesNotMatch(`${error.stack}`, /0123456789abcdef0/);
    return true;
  });
  const wrong = vhost.url.replace(vhost.token, '0'.repeat(40));
  await assert.rejects(clientOf(t, wrong).openChannel('greetings'),
    { code: 'KN_EUNAUTHORIZED', httpStatus: 401 });
  const nowhere = vhost.url.replace(vhost.name, 'nowhere');
  await assert.rejects(clientOf(t, nowhere).openChannel('greetings'),
    { code: 'KN_ENOVHOST', httpStatus: 404 });
});

test('a Retry-After is told in milliseconds', LIMIT, async (t) => {
  const url = await answering(t, 429, { 'Retry-After': '7' });
  await assert.rejects(clientOf(t, url).openChannel('greetings'),
    { code: 'KN_ERATELIMIT', httpStatus: 429, retryAfterMs: 7000, isRetriable: true });
});

test('time limits hold', LIMIT, async (t) => {
  const client = clientOf(t, await silent(t), { requestTimeoutMs: 200 });
  await assert.rejects(client.openChannel('greetings'), { code: 'KN_ETIMEOUT' });
});

test('many requests at once are all answered, and the loop is not blocked', LIMIT, async (t) => {
  const client = clientOf(t, vhost.url, { maxConnections: 8 });
  await client.openChannel('greetings');
  let ticks = 0;
  const ticking = setInterval(() => {
    ticks += 1;
  }, 1);
  await Promise.all(Array.from({ length: 2000 },
    (_, n) => client.trigger('greetings', 'n', { n })));
  clearInterval(ticking);
  assert.ok(ticks > 10, `${ticks} ticks`);
  assert.ok(client.connections <= 8);
  assert.equal(client.pending, 0);
  assert.equal(client.stats().by_status.KN_OK, 2001);
});

test('with one connection requests are carried out in their order', LIMIT, async (t) => {
  const client = clientOf(t, vhost.url, { maxConnections: 1 });
  const browser = await vhost.browser();
  t.after(() => browser.close());
  await client.openChannel('greetings');
  await browser.subscribe('greetings');
  await Promise.all(Array.from({ length: 100 }, (_, n) => client.trigger('greetings', 'n', { n })));
  for (let n = 0; n < 100; n += 1) {
    assert.equal((await browser.hear()).n.n, n);
  }
});

test('too many pending requests are refused', LIMIT, async (t) => {
  const client = clientOf(t, await silent(t), { maxPending: 2 });
  const taken = [client.openChannel('a'), client.openChannel('b')];
  await assert.rejects(client.openChannel('c'), { code: 'KN_EFULL', isRetriable: true });
  assert.equal(client.pending, 2);
  assert.equal(await client.close({ timeoutMs: 0 }), false);
  for (const promise of taken) await assert.rejects(promise, { code: 'KN_CLOSED' });
});

test('flush waits for what was asked, within its time', LIMIT, async (t) => {
  const client = clientOf(t);
  assert.equal(await client.flush(), true);
  let isAnswered = false;
  client.openChannel('greetings').then(() => {
    isAnswered = true;
  });
  assert.equal(await client.flush(), true);
  assert.ok(isAnswered);

  const stuck = clientOf(t, await silent(t));
  stuck.openChannel('greetings').catch(() => {});
  assert.equal(await stuck.flush({ timeoutMs: 50 }), false);
  const flushing = stuck.flush();
  stuck.interrupt();
  assert.equal(await within(flushing), false);
});

test('a closed client does what it still owes, and no more', LIMIT, async () => {
  const client = new Client(vhost.url);
  const opened = client.openChannel('greetings');
  assert.equal(await client.close(), true);
  assert.equal(await client.close(), true);
  await opened;
  await assert.rejects(client.openChannel('greetings'), { code: 'KN_CLOSED' });
  assert.throws(() => client.stats(), { code: 'KN_CLOSED' });
  assert.equal(client.fd, -1);
  assert.equal(client.isClosed, true);
});

test('dispatch moves requests on now', LIMIT, async (t) => {
  const client = clientOf(t);
  assert.equal(client.dispatch(), false);
  assert.ok(client.fd > 2);
  const opened = client.openChannel('greetings');
  client.dispatch();
  await opened;
});

test('options are checked, and what they say is done', LIMIT, async (t) => {
  for (const [options, code] of [[{ connectTimeoutMs: 0 }, 'KN_EINVAL'],
    [{ maxConnections: 0 }, 'KN_EINVAL'], [{ maxConnections: 2 ** 32 + 1 }, 'KN_EINVAL'],
    [{ proxy: 'nonsense://' }, 'KN_EINVAL'], [{ userAgent: '' }, 'KN_EINVAL'],
    [{ headers: { Host: 'other' } }, 'KN_EINVAL']]) {
    assert.throws(() => new Client(vhost.url, options), { code }, JSON.stringify(options));
  }
  assert.throws(() => new Client(vhost.url, { conectTimeoutMs: 5 }), TypeError);
  assert.throws(() => new Client(vhost.url, { connectTimeoutMs: '5' }), TypeError);
  const client = clientOf(t, vhost.url, {
    connectTimeoutMs: Infinity, requestTimeoutMs: 5000, idleTimeoutMs: -1,
    reconnectDelay: { minMs: 5, maxMs: 10 }, filter: 'chat/.*', maxEventSize: 1000,
    maxResponseSize: 1000, maxConnections: 2, maxPending: 10, retries: 0, workerName: 'node',
    caFile: '/nowhere', clientCertificate: { certFile: '/nowhere', keyFile: '/nowhere' },
    verify: false, proxy: 'environment', headers: { 'X-Test': 'yes' }, userAgent: 'test/1',
    maxConnection: undefined,
  });
  await client.openChannel('greetings');
});

test('await using closes', { ...LIMIT, skip: !Symbol.asyncDispose }, async () => {
  const client = new Client(vhost.url);
  const opened = client.openChannel('greetings');
  await client[Symbol.asyncDispose]();
  await opened;
  assert.equal(client.isClosed, true);
});
