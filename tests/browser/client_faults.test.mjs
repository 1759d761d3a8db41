// The library for pages beside a broker and an application that misbehave.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { BadBroker } from './bad_broker.mjs';
import { UNREACHABLE, everything, heard, open, stage } from './client_stage.mjs';

const CONNECTED = '{":connected":{"sid":"1"}}';
const CHANNEL = 'presence-moon';
const SUBSCRIBED = `{":subscribed":{"channel":"${CHANNEL}"}}`;

// A page beside a bad broker, whose clock the test sets. It has asked to be on CHANNEL.
async function beside(t, greet) {
  const broker = await BadBroker.start(greet);
  t.after(() => broker.stop());
  const page = await open(t, { allow: UNREACHABLE });
  await page.clock.install();
  await page.evaluate(([url, name]) => {
    window.wr = noteAll(new WebRocket(url));
    noteChannel(wr.join(name));
  }, [broker.url, CHANNEL]);
  return { broker, page };
}

// Beyond the library's own limits, by the page's clock.
const LONG = 30_000;

// Waits until a page has sent that.
async function sent(broker, text) {
  const isThere = () => broker.connections.some(({ heard }) => heard.includes(text));
  for (const until = Date.now() + 20_000; !isThere() && Date.now() < until;) await pause(20);
  assert.ok(isThere(), `${text} was not sent`);
}

test('nonsense changes nothing', async (t) => {
  const channel = (text) => text.replaceAll('HERE', `"channel":"${CHANNEL}"`);
  const { page } = await beside(t, (connection) => {
    for (const text of [
      '', ' ', 'null', '5', '"text"', '[]', '[{}]', '{}', '{', '{"a"', '\u0000', '{"a":1}', '{"a":null}', '{"a":[]}',
      '{":connected":5}', '{":authenticated":{}}', '{":authenticated":{}}', '{":error":{}}', '{":subscribed":{}}',
      '{"":{}}', '{"__proto__":{HERE}}', '{"__proto__":5}', '['.repeat(20_000), SUBSCRIBED, '{"early":{HERE}}',
    ]) connection.say(channel(text));
    connection.say(CONNECTED);
    connection.sayBytes([1, 2, 3]);
    for (const text of [
      CONNECTED, '{":subscribed":{"channel":"other"}}', '{":subscribed":{"channel":{"a":1}}}', '{":authenticated":{}}',
      '{":subscribed":{HERE,"subscribers":5}}',
      '{":subscribed":{HERE,"uid":5,"subscribers":[null,5,[],{},{"uid":5},{"uid":"__proto__"},{"uid":"twice"},'
        + '{"uid":"twice"}]}}',
      '{":memberJoined":{HERE}}', '{":memberLeft":{HERE}}', '{":memberLeft":{HERE,"uid":"nobody"}}',
      '{":memberLeft":{"channel":"other","uid":"x"}}', '{":memberLeft":{HERE,"uid":"twice"}}',
      '{":memberJoined":{HERE,"uid":"constructor"}}', '{":unheard":{HERE}}', '{":":{HERE}}', '{":ping":{}}',
      '{"said":{}}', '{"said":{"channel":"__proto__"}}', '{"said":{"channel":5}}', '{":error":{"code":"402"}}',
      '{":error":{"code":402}}', '{":closed":{"sid":"1"}}', '{"said":{HERE,"n":1},"more":{HERE}}',
    ]) connection.say(channel(text));
  });
  assert.deepEqual(await heard(page, `${CHANNEL} received`, 1), ['said', { channel: CHANNEL, n: 1 }]);
  assert.deepEqual(await everything(page, 'wr connected'), [[]]);
  assert.deepEqual((await everything(page, 'wr error')).map(([{ code }]) => code), ['402', 402]);
  assert.deepEqual((await everything(page, `${CHANNEL} subscribed`))[1][0].map(({ uid }) => uid),
    ['__proto__', 'twice']);
  assert.deepEqual((await everything(page, `${CHANNEL} online`)).map(([{ uid }]) => uid),
    ['__proto__', 'twice', 'constructor']);
  assert.deepEqual(await everything(page, `${CHANNEL} offline`), []);
  assert.equal(await page.evaluate(() => ({}).uid), undefined);
});

test('a broker that does not greet', async (t) => {
  const { broker, page } = await beside(t, () => {});
  while (broker.connections.length === 0) await pause(20);
  await page.clock.fastForward(LONG);
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1006 }]);
});

test('a broker that does not say good-bye', async (t) => {
  const { page } = await beside(t, (connection) => connection.say(CONNECTED));
  await heard(page, 'wr connected');
  await page.evaluate(() => wr.disconnect());
  await page.clock.fastForward(LONG);
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: true, code: 1006 }]);
  await page.evaluate(() => wr.reconnect());
  await heard(page, 'wr connected', 2);
});

test('a broker that hangs up', async (t) => {
  const { broker, page } = await beside(t, (connection) => connection.say(CONNECTED));
  await heard(page, 'wr connected');
  broker.connections[0].hangUp();
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1006 }]);
});

test('an application that does not answer', async (t) => {
  const asked = new Promise((resolve) => {
    stage.application.authenticate = () => {
      resolve();
      return new Promise(() => {});
    };
  });
  const { broker, page } = await beside(t, (connection) => connection.say(CONNECTED));
  await page.evaluate(() => {
    wr.authenticate();
    wr.join('moon');
  });
  await asked;
  await page.clock.fastForward(LONG);
  assert.deepEqual(await heard(page, 'wr error'),
    [{ code: 0, status: 'Authentication failed: no answer in time', httpStatus: 0 }]);
  await sent(broker, '{"subscribe":{"channel":"moon","hidden":false}}');
});

test('a broker that does not answer to a token', async (t) => {
  stage.application.authenticate = () => ({ status: 200, body: '{"token":"t"}' });
  const { broker, page } = await beside(t, (connection) => connection.say(CONNECTED));
  await page.evaluate(() => wr.authenticate());
  await sent(broker, '{"auth":{"token":"t"}}');
  await page.clock.fastForward(LONG);
  assert.equal((await heard(page, 'wr error'))[0].code, 0);
  await page.clock.fastForward(LONG);
  assert.equal((await everything(page, 'wr error')).length, 1);
});

test('answers to two tokens are told apart', async (t) => {
  stage.application.authenticate = (query) => ({ status: 200, body: `{"token":"${query.get('n')}"}` });
  const { broker, page } = await beside(t, (connection) => connection.say(CONNECTED));
  await heard(page, 'wr connected');
  for (const n of [1, 2]) {
    await page.evaluate((n) => wr.authenticate({ n }), n);
    await sent(broker, `{"auth":{"token":"${n}"}}`);
  }
  await page.evaluate(() => { wr.join('private-moon'); });
  broker.connections[0].say('{":error":{"code":402,"status":"Unauthorized"}}');
  await heard(page, 'wr error');
  assert.equal(broker.connections[0].heard.some((text) => text.includes('private-moon')), false);
  broker.connections[0].say('{":authenticated":{}}');
  await sent(broker, '{"subscribe":{"channel":"private-moon","hidden":false}}');
});

test('a token that comes when nobody waits for it is not sent', async (t) => {
  let give;
  const asked = new Promise((resolve) => {
    stage.application.authenticate = () => {
      resolve();
      return new Promise((answer) => { give = answer; });
    };
  });
  const { broker, page } = await beside(t, (connection) => connection.say(CONNECTED));
  await page.evaluate(() => wr.authenticate());
  await asked;
  stage.application.authenticate = () => ({ status: 200, body: '{"token":"new"}' });
  await page.evaluate(() => wr.reconnect());
  give({ status: 200, body: '{"token":"old"}' });
  await sent(broker, '{"auth":{"token":"new"}}');
  const heardByBroker = broker.connections.flatMap(({ heard }) => heard);
  assert.equal(heardByBroker.some((text) => text.includes('old')), false);
  assert.deepEqual(await everything(page, 'wr error'), []);
});
