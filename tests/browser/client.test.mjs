// The library for pages, in pages, with a real broker: every member of it.
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

// --- Channels and events ---

test('an event reaches everybody: first who asked for it by name, then the channel', async (t) => {
  const channel = await newChannel();
  const [ann, ben] = [await connect(t), await connect(t)];
  for (const page of [ann, ben]) {
    assert.deepEqual(await join(page, channel), [[]]);
    await page.evaluate((name) => {
      const channel = wr.join(name);
      note('say', channel.event('say'), 'received');
      note('other', channel.event('other'), 'received');
    }, channel);
  }
  await ann.evaluate((name) => wr.join(name).event('say').fire({ text: 'hi', sid: 'forged' }), channel);
  const sid = await ann.evaluate(() => wr.sid);
  for (const page of [ann, ben]) {
    const data = { text: 'hi', channel, sid };
    assert.deepEqual(await heard(page, `${channel} received`), ['say', data]);
    const order = await page.evaluate(() => heard.map(([name]) => name).slice(-2));
    assert.deepEqual(order, ['say received', `${channel} received`]);
    assert.deepEqual(await everything(page, 'say received'), [[data]]);
    assert.deepEqual(await everything(page, 'other'), []);
  }
  await stage.trigger(channel, 'other', { n: 1 });
  assert.deepEqual(await heard(ben, 'other received'), [{ n: 1, channel }]);
});

test('an event may have no data, and an odd name', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  for (const [i, event] of ['a', 'with space', '__proto__', 'constructor', 'ż"\\', '5'].entries()) {
    await page.evaluate(([name, event]) => {
      note('named', wr.join(name).event(event), 'received');
      wr.join(name).event(event).fire();
    }, [channel, event]);
    assert.equal((await heard(page, `${channel} received`, i + 1))[0], event);
    await heard(page, 'named received', i + 1);
  }
});

test('a channel is one object, and so is an accessor', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  const same = await page.evaluate((name) => {
    const channel = wr.join(name);
    const event = channel.event('say');
    const handler = () => {};
    return [wr.join(name, { n: 1 }) === channel, channel.event('say') === event, channel.event('x') !== event,
      channel.name, event.name, channel.uid, Object.keys(channel.subscribers),
      channel.on('received', handler) === channel, channel.off('received', handler) === channel,
      event.on('received', handler) === event, wr.on('error', handler) === wr];
  }, channel);
  assert.deepEqual(same, [true, true, true, channel, 'say', null, [], true, true, true, true]);
  assert.equal((await everything(page, `${channel} subscribed`)).length, 1);
});

test('an event that is larger than the broker takes costs the connection, and is not sent again', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  await page.evaluate((name) => {
    wr.on('disconnected', () => wr.reconnect());
    wr.join(name).event('big').fire({ text: 'x'.repeat(2 ** 20) });
  }, channel);
  assert.deepEqual(await heard(page, 'wr disconnected'), [{ clean: false, code: 1009 }]);
  await heard(page, `${channel} subscribed`, 2);
  await page.evaluate((name) => wr.join(name).event('small').fire(), channel);
  assert.equal((await heard(page, `${channel} received`))[0], 'small');
});

test('handlers: added twice they are called once, and can be removed, also by each other', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  await page.evaluate((name) => {
    const channel = wr.join(name);
    const say = channel.event('say');
    const second = () => heard.push(['second']);
    const first = () => {
      heard.push(['first']);
      say.off('received', second);
    };
    say.on('received', first).on('received', first).on('received', second);
    say.on('received', () => heard.push(['third'])).off('received', () => {}).off('received', undefined);
    channel.off('received');
    say.fire();
    say.fire();
    channel.event('end').on('received', () => heard.push(['end'])).fire();
  }, channel);
  await heard(page, 'end');
  const names = (await page.evaluate(() => heard.map(([name]) => name))).slice(2);
  assert.deepEqual(names, ['first', 'third', 'first', 'third', 'end']);
});

test('handlers that fail are told of on the console, and keep nobody from hearing', async (t) => {
  const channel = await newChannel();
  const page = await connect(t, undefined, { allow: /^error: WebRocket: a handler failed: Error: of mine/ });
  await join(page, channel);
  await page.evaluate((name) => {
    const say = wr.join(name).event('say');
    say.on('received', () => { throw new Error('of mine, at once'); });
    say.on('received', async () => { throw new Error('of mine, later'); });
    say.on('received', () => ({ then: (_, no) => no(new Error('of mine, by promise')) }));
    note('say', say, 'received');
    say.fire();
    say.fire();
  }, channel);
  await heard(page, 'say received', 2);
  await heard(page, `${channel} received`, 2);
  await page.evaluate(() => 0);
  assert.equal(page.complaints.length, 6);
});

test('what is fired too early is sent in order once the subscription stands', async (t) => {
  const channel = await newChannel('private-');
  const page = await open(t);
  await page.evaluate(([url, name]) => {
    window.wr = noteAll(new WebRocket(url));
    wr.authenticate({ uid: 'ann' });
    const channel = noteChannel(wr.join(name));
    const data = { n: 1 };
    channel.event('say').fire(data);
    data.n = 'changed later';
    channel.event('say').fire({ n: 2 });
    wr.on('connected', () => channel.event('say').fire({ n: 3 }));
    channel.on('subscribed', () => channel.event('say').fire({ n: 4 }));
  }, [stage.vhost, channel]);
  await heard(page, `${channel} received`, 4);
  assert.deepEqual((await everything(page, `${channel} received`)).map(([, data]) => data.n), [1, 2, 3, 4]);
});

test('not everything can wait', async (t) => {
  const page = await connect(t);
  await page.evaluate(() => {
    const event = wr.join('not-there').event('say');
    for (let i = 0; i < 1001; ++i) event.fire();
  });
  assert.deepEqual(await heard(page, 'wr error'), [{ code: 0, status: 'Too many events wait to be sent' }]);
  assert.equal((await heard(page, 'wr error', 2))[0].code, 454);
});

test('leaving: it is confirmed, nothing more comes, and one can come back', async (t) => {
  const channel = await newChannel();
  const [ann, ben] = [await connect(t), await connect(t)];
  await join(ann, channel);
  await join(ben, channel);
  await ann.evaluate((name) => wr.join(name).leave(), channel)
  await heard(ann, `${channel} unsubscribed`);
  await ben.evaluate((name) => wr.join(name).event('one').fire(), channel);
  await heard(ben, `${channel} received`);
  await ann.evaluate((name) => {
    const channel = wr.join(name);
    channel.leave(); // not confirmed yet
    channel.leave();
    wr.join(name);
    channel.event('two').fire();
  }, channel);
  assert.equal((await heard(ann, `${channel} received`))[0], 'two');
  await ann.evaluate((name) => {
    const channel = wr.join(name);
    channel.leave(); // confirmed
    wr.join(name);
    channel.event('three').fire();
  }, channel);
  assert.equal((await heard(ann, `${channel} received`, 2))[0], 'three');
  assert.deepEqual(await everything(ann, 'wr error'), []);
});

test('what is left before it was confirmed is left nevertheless, with what was to be said', async (t) => {
  const channel = await newChannel();
  const [ann, ben] = [await connect(t), await connect(t)];
  await join(ben, channel);
  await ann.evaluate((name) => {
    const channel = noteChannel(wr.join(name));
    channel.event('hello').fire();
    channel.leave();
  }, channel);
  await heard(ann, `${channel} unsubscribed`);
  assert.deepEqual(await everything(ann, `${channel} subscribed`), []);
  assert.equal((await heard(ben, `${channel} received`))[0], 'hello');
  await ann.evaluate((name) => { noteAll(wr).join(name).leave(); }, channel);
});

test('firing where one is not', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  await page.evaluate((name) => {
    const channel = wr.join(name);
    channel.leave();
    channel.event('say').fire();
  }, channel);
  assert.deepEqual(await heard(page, 'wr error'), [{ code: 453, status: 'Not subscribed' }]);
});

test('a channel that is closed', async (t) => {
  const channel = await newChannel();
  const page = await connect(t);
  await join(page, channel);
  await stage.closeChannel(channel);
  await heard(page, `${channel} unsubscribed`);
  await page.evaluate(() => wr.reconnect());
  await heard(page, 'wr connected', 2);
  await stage.openChannel(channel);
  await page.evaluate((name) => { wr.join(name); }, channel);
  await heard(page, `${channel} subscribed`, 2);
  assert.deepEqual(await everything(page, 'wr error'), []);
});

test('a channel that is not there yet', async (t) => {
  const page = await connect(t);
  await page.evaluate(() => { noteChannel(wr.join('later')).event('say').fire({ n: 1 }); });
  assert.deepEqual(await heard(page, 'wr error'), [{ code: 454, status: 'Channel not found' }]);
  await stage.openChannel('later');
  await page.evaluate(() => {
    wr.join('later');
    wr.join('later');
  });
  await heard(page, 'later received');
  assert.equal((await everything(page, 'wr error')).length, 1);
});

test('errors go to the console where no handler wants them', async (t) => {
  const page = await open(t, { allow: /^error: WebRocket: Channel not found/ });
  await page.evaluate((url) => {
    window.wr = new WebRocket(url);
    wr.join('nowhere');
    note('wr', wr, 'connected');
  }, stage.vhost);
  while (page.complaints.length === 0) await page.evaluate(() => new Promise(requestAnimationFrame));
  await page.evaluate(() => {
    noteAll(wr);
    wr.join('nowhere');
  });
  await heard(page, 'wr error');
  assert.equal(page.complaints.length, 1);
});

// --- Presence ---

test('presence: who is there, who comes, who goes, and with what words', async (t) => {
  const channel = await newChannel('presence-');
  const ann = await connect(t, 'ann');
  assert.deepEqual(await join(ann, channel, { name: 'Ann', uid: 'forged' }), [[]]);
  assert.deepEqual(await heard(ann, `${channel} online`), [{ name: 'Ann', uid: 'ann', channel }]);
  assert.equal(await ann.evaluate((name) => wr.join(name).uid, channel), 'ann');

  const ben = await connect(t, 'ben');
  const listed = [{ name: 'Ann', uid: 'ann', channel }];
  assert.deepEqual(await join(ben, channel, { name: 'Ben' }), [listed]);
  await heard(ben, `${channel} online`, 2);
  assert.deepEqual(await everything(ben, `${channel} online`),
    [listed, [{ name: 'Ben', uid: 'ben', channel }]]);
  assert.deepEqual(await heard(ann, `${channel} online`, 2), [{ name: 'Ben', uid: 'ben', channel }]);
  for (const page of [ann, ben]) {
    assert.deepEqual(await page.evaluate((name) => Object.keys(wr.join(name).subscribers).sort(), channel),
      ['ann', 'ben']);
  }

  await ben.evaluate((name) => wr.join(name).leave({ message: 'bye', name: 'Benjamin' }), channel);
  assert.deepEqual(await heard(ann, `${channel} offline`),
    [{ name: 'Benjamin', message: 'bye', uid: 'ben', channel }]);
  assert.deepEqual(await ann.evaluate((name) => Object.keys(wr.join(name).subscribers), channel), ['ann']);
  await heard(ben, `${channel} unsubscribed`);
  assert.deepEqual(await ben.evaluate((name) => Object.keys(wr.join(name).subscribers), channel), []);
});

test('presence: somebody with two pages is there once, until the last of them goes', async (t) => {
  const channel = await newChannel('presence-');
  const watcher = await connect(t, 'watcher');
  await join(watcher, channel);
  const [one, two] = [await connect(t, 'ann'), await connect(t, 'ann')];
  await join(one, channel, { page: 1 });
  await join(two, channel, { page: 2 });
  const late = await connect(t, 'late');
  assert.deepEqual((await join(late, channel))[0].map(({ uid }) => uid), ['watcher', 'ann']);
  await heard(watcher, `${channel} online`, 3);
  assert.deepEqual((await everything(watcher, `${channel} online`)).map(([{ uid }]) => uid),
    ['watcher', 'ann', 'late']);
  assert.equal(await watcher.evaluate((name) => wr.join(name).subscribers.ann.page, channel), 2);
  await one.evaluate(() => wr.disconnect());
  await heard(one, 'wr disconnected');
  await two.evaluate((name) => wr.join(name).event('still').fire(), channel);
  await heard(watcher, `${channel} received`);
  assert.deepEqual(await everything(watcher, `${channel} offline`), []);
  await two.evaluate(() => wr.disconnect());
  for (const page of [watcher, late]) {
    assert.equal((await heard(page, `${channel} offline`))[0].uid, 'ann');
  }
});

test('presence: whoever is hidden hears and is not seen', async (t) => {
  const channel = await newChannel('presence-');
  const ann = await connect(t, 'ann');
  await join(ann, channel);
  const ghost = await connect(t, 'ghost');
  const [listed] = await join(ghost, channel, null, { hidden: true });
  assert.deepEqual(listed.map(({ uid }) => uid), ['ann']);
  const ben = await connect(t, 'ben');
  assert.deepEqual((await join(ben, channel))[0].map(({ uid }) => uid), ['ann']);
  await heard(ghost, `${channel} online`, 2);
  await ann.evaluate((name) => wr.join(name).event('say').fire(), channel);
  await heard(ghost, `${channel} received`);
  await ghost.evaluate(() => wr.reconnect());
  await heard(ghost, `${channel} subscribed`, 2); // and hidden again
  await ben.evaluate((name) => wr.join(name).event('say').fire(), channel);
  await heard(ann, `${channel} received`, 2);
  assert.deepEqual((await everything(ann, `${channel} online`)).map(([{ uid }]) => uid), ['ann', 'ben']);
  assert.deepEqual(await everything(ann, `${channel} offline`), []);
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
