// The library for pages, in pages, with a real broker: connecting, authenticating, and losing the connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { UNREACHABLE, connect, everything, heard, join, newChannel, open, stage } from './client_stage.mjs';

// --- Connecting ---

test('it connects, has an id, and says good-bye', async (t) => {
  const page = await connect(t);
  const sid = await page.evaluate(() => wr.sid);
  assert.match(sid, /^[0-9a-f-]{36}$/);
  assert.deepEqual(await heard(page, 'wr connected'), []);
  await page.evaluate(() => wr.disconnect());
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: true, code: 1000 }]);
  assert.equal(await page.evaluate(() => wr.sid), null);
  await page.evaluate(() => wr.disconnect());
  await page.evaluate(() => wr.reconnect());
  await heard(page, 'wr connected', 2);
  assert.notEqual(await page.evaluate(() => wr.sid), sid);
  assert.equal((await everything(page, 'wr disconnected')).length, 1);
});

test('a vhost that is not there', async (t) => {
  const page = await open(t, { allow: UNREACHABLE });
  await page.evaluate((url) => noteAll(new WebRocket(url)), `${stage.vhost}/nothing`);
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1006 }]);
});

test('a browser that does not let it connect', async (t) => {
  const page = await open(t);
  await page.evaluate((url) => {
    const real = window.WebSocket;
    window.WebSocket = class {
      constructor() {
        throw new DOMException('An insecure WebSocket connection may not be initiated', 'SecurityError');
      }
    };
    window.wr = noteAll(new WebRocket(url));
    wr.on('disconnected', () => {
      window.WebSocket = real;
      wr.reconnectAfter(0);
    });
  }, stage.vhost);
  await heard(page, 'wr connected');
  const [error] = await heard(page, 'wr error');
  assert.equal(error.code, 0);
  assert.match(error.status, /insecure/);
});

test('disconnecting before it is connected', async (t) => {
  const page = await open(t, { allow: UNREACHABLE });
  await page.evaluate((url) => {
    window.wr = noteAll(new WebRocket(url));
    wr.disconnect();
    wr.disconnect();
  }, stage.vhost);
  assert.equal((await heard(page, 'wr disconnected'))[0].clean, true);
  await page.evaluate(() => wr.reconnect());
  await heard(page, 'wr connected');
  assert.equal((await everything(page, 'wr ')).length, 2);
});

test('reconnecting at once, while connected and while connecting', async (t) => {
  const page = await connect(t, undefined, { allow: UNREACHABLE });
  const channel = await newChannel();
  await join(page, channel);
  const sid = await page.evaluate(() => {
    const { sid } = wr;
    wr.reconnect();
    wr.reconnect();
    return sid;
  });
  await heard(page, `${channel} subscribed`, 2);
  assert.notEqual(await page.evaluate(() => wr.sid), sid);
  assert.deepEqual(await everything(page, 'wr '), [[], []]);
});

test('reconnecting later, unless something else comes first', async (t) => {
  const page = await connect(t);
  const connections = await page.evaluate(() => new Promise((resolve) => {
    wr.disconnect();
    wr.on('disconnected', () => {
      wr.reconnectAfter(20);
      wr.reconnectAfter(10); // instead
      wr.disconnect(); // neither
      setTimeout(() => resolve(heard.filter(([name]) => name === 'wr connected').length), 60);
    });
  }));
  assert.equal(connections, 1);
  await page.evaluate(() => wr.reconnectAfter(10));
  await heard(page, 'wr connected', 2);
});

test('a delay that is asked for before the good-bye is over', async (t) => {
  const page = await connect(t);
  await page.evaluate(() => {
    wr.disconnect();
    wr.reconnectAfter(100);
  });
  await heard(page, 'wr connected', 2);
});

test('a vhost that is deleted', async (t) => {
  const token = stage.admin('add_vhost', '/gone');
  assert.ok(token);
  const page = await connect(t, undefined, { url: `ws://${stage.broker.addr}/gone` });
  stage.admin('delete_vhost', '/gone');
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1000 }]);
});

// --- Authentication ---

test('tokens come from where the page says, with its parameters', async (t) => {
  const page = await open(t);
  const urls = await page.evaluate(async (url) => {
    const settled = (wr) => new Promise((resolve) => {
      const channel = wr.join('private-none');
      wr.on('error', ({ code }) => resolve([code, channel.uid]));
    });
    const one = new WebRocket(url);
    one.authenticate({ uid: 'a b&c', n: 1 });
    await settled(one);
    const two = new WebRocket(url, { authURL: '/my/door?fixed=1' });
    two.authenticate(new URLSearchParams({ uid: 'two' }));
    await settled(two);
    const three = new WebRocket(url);
    three.authenticate(null, '/other/door');
    await settled(three);
    return 0;
  }, stage.vhost);
  assert.equal(urls, 0);
  assert.deepEqual(stage.application.tokensAskedFor,
    ['?uid=a+b%26c&n=1', '?fixed=1&uid=two', '']);
});

test('joins wait until it is authenticated', async (t) => {
  const [normal, guarded] = [await newChannel(), await newChannel('private-')];
  let give;
  const asked = new Promise((resolve) => {
    stage.application.authenticate = async (query) => {
      resolve();
      await new Promise((go) => { give = go; });
      return stage.application.giveToken(query.get('uid'), '.*');
    };
  });
  const page = await open(t);
  await page.evaluate(([url, ...names]) => {
    window.wr = noteAll(new WebRocket(url));
    for (const name of names) noteChannel(wr.join(name));
    wr.on('connected', () => wr.authenticate({ uid: 'ann' }));
  }, [stage.vhost, normal, guarded]);
  await asked;
  assert.deepEqual(await page.evaluate(() => heard.map(([name]) => name)), ['wr connected']);
  give();
  await heard(page, `${normal} subscribed`);
  await heard(page, `${guarded} subscribed`);
  assert.equal(await page.evaluate((name) => wr.join(name).uid, guarded), 'ann');
});

test('no token: an error, and only what needs none is joined', async (t) => {
  const [normal, guarded] = [await newChannel(), await newChannel('private-')];
  const page = await open(t, { allow: UNREACHABLE });
  const failures = [
    [{ status: 401, body: '{}' }, 401, 'HTTP status 401'],
    [{ status: 500, body: 'oops' }, 500, 'HTTP status 500'],
    [{ status: 201, body: '{"token":"x"}' }, 201, 'HTTP status 201'],
    [{ status: 200, body: '{}' }, 200, 'no token in the answer'],
    [{ status: 200, body: 'null' }, 200, 'no token in the answer'],
    [{ status: 200, body: '{"token":5}' }, 200, 'no token in the answer'],
    [{ status: 200, body: '<html>' }, 200, 'no token in the answer'],
  ];
  stage.application.authenticate = () => failures[0][0];
  await page.evaluate(([url, ...names]) => {
    window.wr = noteAll(new WebRocket(url));
    wr.authenticate();
    for (const name of names) noteChannel(wr.join(name));
    wr.fire('chat/hello');
  }, [stage.vhost, normal, guarded]);
  await heard(page, `${normal} subscribed`);
  for (const [i, [answer, httpStatus, reason]] of failures.entries()) {
    stage.application.authenticate = () => answer;
    if (i > 0) await page.evaluate(() => wr.authenticate());
    assert.deepEqual(await heard(page, 'wr error', i + 1),
      [{ code: 0, status: `Authentication failed: ${reason}`, httpStatus }]);
  }
  await page.evaluate(() => wr.authenticate({}, 'http://127.0.0.1:1/nobody'));
  const [error] = await heard(page, 'wr error', failures.length + 1);
  assert.equal(error.httpStatus, 0);
  assert.deepEqual(await everything(page, `${guarded} `), []);

  const worker = await stage.worker();
  t.after(() => worker.close());
  stage.application.authenticate = () => stage.application.giveToken('ann', '.*');
  await page.evaluate(() => wr.authenticate());
  await heard(page, `${guarded} subscribed`);
  assert.equal((await worker.next())[0], 'chat/hello');
  assert.equal((await everything(page, 'wr error')).length, failures.length + 1);
});

test('a token that is not accepted is an error 402, and another one may be', async (t) => {
  const [normal, guarded] = [await newChannel(), await newChannel('private-')];
  const page = await open(t);
  stage.application.authenticate = () => ({ status: 200, body: '{"token":"stale"}' });
  await page.evaluate(([url, ...names]) => {
    window.wr = noteAll(new WebRocket(url));
    wr.authenticate();
    for (const name of names) noteChannel(wr.join(name));
  }, [stage.vhost, normal, guarded]);
  assert.deepEqual(await heard(page, 'wr error'), [{ code: 402, status: 'Unauthorized' }]);
  await heard(page, `${normal} subscribed`);
  stage.application.authenticate = () => stage.application.giveToken('ann', '.*');
  await page.evaluate(() => wr.authenticate());
  await heard(page, `${guarded} subscribed`);

  // Who was somebody and is refused loses everything; what needs no token comes back.
  stage.application.authenticate = () => ({ status: 200, body: '{"token":"stale"}' });
  await page.evaluate(() => wr.authenticate());
  await heard(page, 'wr error', 2);
  await heard(page, `${normal} subscribed`, 2);
  await stage.trigger(guarded, 'secret');
  await stage.trigger(normal, 'open');
  await heard(page, `${normal} received`);
  assert.deepEqual(await everything(page, `${guarded} received`), []);
});

test('a guarded channel without authentication is refused, and joined after it', async (t) => {
  const guarded = await newChannel('private-');
  const page = await connect(t);
  await page.evaluate((name) => { noteChannel(wr.join(name)).event('say').fire(); }, guarded);
  assert.deepEqual(await heard(page, 'wr error'), [{ code: 403, status: 'Forbidden' }]);
  await page.evaluate(() => wr.authenticate({ uid: 'ann' }));
  await heard(page, `${guarded} received`);
});

test('a channel that the token does not cover', async (t) => {
  const guarded = await newChannel('private-');
  const page = await connect(t);
  await page.evaluate((name) => {
    wr.authenticate({ uid: 'ann', channels: 'private-other' });
    noteChannel(wr.join(name));
  }, guarded);
  assert.equal((await heard(page, 'wr error'))[0].code, 403);
  await page.evaluate(() => wr.authenticate({ uid: 'ann' }));
  await heard(page, `${guarded} subscribed`);
});

test('somebody else on the same connection', async (t) => {
  const channel = await newChannel('presence-');
  const watcher = await connect(t, 'watcher');
  await join(watcher, channel);
  const page = await connect(t, 'ann');
  await join(page, channel);
  await heard(page, `${channel} online`, 2);
  await page.evaluate(() => wr.authenticate({ uid: 'ben' }));
  await heard(page, `${channel} subscribed`, 2);
  assert.equal((await heard(page, `${channel} offline`))[0].uid, 'ann');
  assert.equal((await heard(page, `${channel} online`, 3))[0].uid, 'ben');
  assert.equal(await page.evaluate((name) => wr.join(name).uid, channel), 'ben');
  assert.equal((await heard(watcher, `${channel} offline`))[0].uid, 'ann');
  assert.equal((await heard(watcher, `${channel} online`, 3))[0].uid, 'ben');
});

test('of several authentications the last one counts', async (t) => {
  const guarded = await newChannel('private-');
  const page = await connect(t);
  await page.evaluate((name) => {
    noteChannel(wr.join(name));
    for (const uid of ['ann', 'ben', 'cid']) wr.authenticate({ uid });
  }, guarded);
  await heard(page, `${guarded} subscribed`);
  assert.equal(await page.evaluate((name) => wr.join(name).uid, guarded), 'cid');
});

test('an event for the backend alone', async (t) => {
  const worker = await stage.worker();
  t.after(() => worker.close());
  const page = await open(t);
  await page.evaluate((url) => {
    window.wr = noteAll(new WebRocket(url));
    wr.authenticate({ uid: 'ann' });
    wr.fire('chat/save', { n: 1 });
  }, stage.vhost);
  const [topic, data] = await worker.next();
  const sid = await page.evaluate(() => wr.sid);
  assert.deepEqual([topic, data], ['chat/save', { n: 1, uid: 'ann', sid }]);
  await page.evaluate(() => wr.fire('chat/more'));
  assert.equal((await worker.next())[0], 'chat/more');

  const nobody = await connect(t);
  await nobody.evaluate(() => wr.fire('chat/save'));
  assert.deepEqual(await heard(nobody, 'wr error'), [{ code: 403, status: 'Forbidden' }]);
});

// --- When the connection is lost ---

test('the broker dies: tokens are fetched anew, channels joined again, who has left is told of', async (t) => {
  const [normal, presence, left] = [await newChannel(), await newChannel('presence-'), await newChannel()];
  const pages = [];
  for (const uid of ['ann', 'ben', 'cid']) {
    const page = await connect(t, uid, { allow: UNREACHABLE });
    await join(page, normal);
    await join(page, left);
    await join(page, presence, { name: uid });
    await page.evaluate((name) => wr.join(name).leave(), left);
    await heard(page, `${left} unsubscribed`);
    pages.push(page);
  }
  const [ann, ben, cid] = pages;
  await heard(ann, `${presence} online`, 3);
  await heard(ben, `${presence} online`, 2);
  await ben.evaluate(() => { wr.on('disconnected', () => wr.reconnectAfter(50)); });

  await stage.killBroker();
  for (const page of pages) {
    assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1006 }]);
  }
  await ann.evaluate((name) => wr.join(name).event('say').fire({ text: 'meanwhile' }), normal);
  assert.deepEqual(await ann.evaluate((name) => Object.keys(wr.join(name).subscribers), presence),
    ['ann', 'ben', 'cid']);
  await stage.startBroker();

  await heard(ben, `${presence} subscribed`, 2);
  await ann.evaluate(() => wr.reconnect());
  assert.deepEqual((await heard(ann, `${presence} subscribed`, 2))[0].map(({ uid }) => uid), ['ben']);
  assert.equal((await heard(ann, `${normal} received`))[1].text, 'meanwhile');
  await cid.evaluate(() => wr.reconnect());
  await heard(ann, `${presence} online`, 4);
  const people = async (what) => (await everything(ann, `${presence} ${what}`)).map(([{ uid }]) => uid);
  assert.deepEqual(await people('online'), ['ann', 'ben', 'cid', 'cid']);
  assert.deepEqual(await people('offline'), ['cid']);
  assert.equal(stage.application.tokensAskedFor.length, 6);
  assert.equal((await everything(ann, `${left} subscribed`)).length, 1);
  assert.equal((await everything(ann, `${normal} subscribed`)).length, 2);
});

test('after a good-bye it is on no channel, but still somebody', async (t) => {
  const guarded = await newChannel('private-');
  const page = await connect(t, 'ann');
  await join(page, guarded);
  await page.evaluate(() => wr.disconnect());
  await heard(page, 'wr disconnected');
  await heard(page, `${guarded} unsubscribed`);
  await page.evaluate(() => wr.reconnect());
  await heard(page, 'wr connected', 2);
  await page.evaluate((name) => { wr.join(name); }, guarded);
  await heard(page, `${guarded} subscribed`, 2);
  assert.equal(stage.application.tokensAskedFor.length, 2);
});

test('what was fired goes out before the good-bye', async (t) => {
  const [joined, asked] = [await newChannel(), await newChannel('presence-')];
  const watcher = await connect(t, 'watcher');
  await join(watcher, joined);
  await join(watcher, asked);
  const page = await connect(t, 'ann');
  await join(page, joined);
  await page.evaluate(([joined, asked]) => {
    wr.join(asked, { name: 'Ann' }).event('late').fire();
    wr.join(joined).event('last').fire();
    wr.disconnect();
  }, [joined, asked]);
  assert.equal((await heard(watcher, `${joined} received`))[0], 'last');
  assert.equal((await heard(watcher, `${asked} received`))[0], 'late');
  assert.equal((await heard(watcher, `${asked} offline`))[0].uid, 'ann');
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: true, code: 1000 }]);
  assert.deepEqual(await everything(page, 'wr error'), []);
});

// --- Arguments ---

test('what makes no sense is refused where it is said', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  const complaints = await page.evaluate(([url, name]) => {
    const channel = wr.join(name);
    const circle = {};
    circle.circle = circle;
    const calls = [
      () => new WebRocket(), () => new WebRocket('/moon'), () => new WebRocket('http://x/moon'),
      () => new WebRocket('ws://x/'), () => new WebRocket('ws://x/moon#a'), () => new WebRocket(url, 5),
      () => new WebRocket('ws://wr:secret@x/moon'), () => WebRocket(url),
      () => wr.on('conected', () => {}), () => wr.on('connected'), () => wr.on('connected', 'x'),
      () => wr.on('received', () => {}), () => channel.on('connected', () => {}), () => wr.off('x'),
      () => wr.join(), () => wr.join(''), () => wr.join('a b'), () => wr.join('-a'), () => wr.join(5),
      () => wr.join(name, 'data'), () => wr.join(name, []), () => wr.join(name, {}, 5),
      () => wr.join('never', circle), () => wr.join('never', { n: 1n }),
      () => wr.fire(), () => wr.fire(''), () => wr.fire(':x'), () => wr.fire('a/:b'), () => wr.fire('a\nb'),
      () => wr.fire('a', 'text'), () => wr.fire('a', circle), () => channel.leave('bye'),
      () => channel.event(), () => channel.event(''), () => channel.event(':x'), () => channel.event(5),
      () => channel.event('a').fire([1]), () => channel.event('a').fire('x'),
      () => wr.reconnectAfter(), () => wr.reconnectAfter(-1), () => wr.reconnectAfter('5'),
      () => wr.reconnectAfter(NaN), () => wr.reconnectAfter(2 ** 31), () => wr.authenticate('uid=ann'),
    ];
    return calls.map((call) => {
      try {
        call();
        return `${call}: accepted`;
      } catch (failure) {
        return failure instanceof TypeError ? failure.message : `${call}: ${failure}`;
      }
    });
  }, [stage.vhost, channel]);
  for (const complaint of complaints) {
    assert.match(complaint, /^(WebRocket: |Converting circular|Do not know how to serialize|Class constructor)/);
    assert.doesNotMatch(complaint, /secret/);
  }
  // And nothing has come of it.
  await page.evaluate((name) => wr.join(name).event('end').fire(), channel);
  assert.equal((await heard(page, `${channel} received`))[0], 'end');
  assert.deepEqual(await everything(page, 'wr '), [[]]);
});
