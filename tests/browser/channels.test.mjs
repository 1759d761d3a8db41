// The library for pages, in pages, with a real broker: channels, their events, and who is on them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connect, everything, heard, join, newChannel, open, stage } from './client_stage.mjs';

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
