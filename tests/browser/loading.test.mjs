// The forms in which the broker serves its library for pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { heard, newChannel, open, stage } from './client_stage.mjs';

test('the script defines WebRocket and nothing else', async (t) => {
  const page = await open(t, {
    html: `<script>const before = new Set(Object.getOwnPropertyNames(window));</script>${stage.tag}
      <script>window.added = Object.getOwnPropertyNames(window).filter((name) => !before.has(name));</script>`,
  });
  assert.deepEqual(await page.evaluate(() => added), ['WebRocket']);
});

test('a module of another origin imports it', async (t) => {
  const page = await open(t, {
    html: `<script type="module">
      import { WebRocket } from '${stage.origin}/webrocket.mjs';
      noteAll(new WebRocket('${stage.vhost}'));
    </script>`,
  });
  await heard(page, 'wr connected');
  assert.equal(await page.evaluate(() => 'WebRocket' in window), false);
});

test('the script can be imported for its effect', async (t) => {
  const page = await open(t, {
    html: `<script type="module">
      import '${stage.origin}/webrocket.js';
      noteAll(new WebRocket('${stage.vhost}'));
    </script>`,
  });
  await heard(page, 'wr connected');
});

test('the script of a vhost brings a connection, in time for handlers that are attached next', async (t) => {
  for (const attributes of ['', 'defer', 'async']) {
    const page = await open(t, {
      html: `<script src="${stage.origin}/demo/webrocket.js?x=1#y" ${attributes} onload="noteAll($wr)"></script>`,
    });
    await heard(page, 'wr connected');
    assert.equal(await page.evaluate(() => WebRocket.debug), false);
  }
});

test('the script of a vhost connects by wss: where it came by https:', async (t) => {
  const body = await (await fetch(`${stage.origin}/demo/webrocket.js`)).text();
  const page = await open(t, { html: '' });
  await page.route('https://secure.example/**', (route) =>
    route.fulfill({ body, contentType: 'application/javascript' }));
  const connected = [];
  await page.routeWebSocket(/^wss:/, (socket) => {
    connected.push(socket.url());
    socket.close();
  });
  await page.reload(); // from then on sockets are routed
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.src = 'https://secure.example/some/vhost/webrocket.js?debug=0';
    script.onload = () => noteAll($wr);
    document.body.append(script);
  });
  await heard(page, 'wr disconnected');
  assert.deepEqual(connected, ['wss://secure.example/some/vhost']);
});

test('the script of a vhost says why it cannot be imported', async (t) => {
  const page = await open(t, {
    html: `<script type="module" src="${stage.origin}/demo/webrocket.js"></script>`,
    allow: /is for <script src>; modules import \/webrocket.mjs/,
  });
  await page.waitForFunction(() => 'WebRocket' in window);
  assert.equal(await page.evaluate(() => '$wr' in window), false);
  assert.equal(page.complaints.length, 1);
});

test('?debug=1 makes it talk, and it keeps tokens to itself', async (t) => {
  const channel = await newChannel('private-');
  const said = [];
  const page = await open(t, { html: '' });
  page.on('console', (message) => said.push(message.text()));
  await page.addScriptTag({ url: `${stage.origin}/demo/webrocket.js?debug=1` });
  await page.evaluate((channel) => {
    $wr.authenticate({ uid: 'ann' });
    noteChannel($wr.join(channel, { mood: 'fine' }));
  }, channel);
  await heard(page, `${channel} subscribed`);
  const text = said.join('\n');
  assert.match(text, /connecting to ws:/);
  assert.match(text, /← \{":connected"/);
  assert.match(text, /→ \{"auth":…\}/);
  assert.match(text, /→ \{"subscribe":\{"channel":"private-.*"mood":"fine"/);
  assert.doesNotMatch(text, /[0-9a-f]{128}/);
});

test('debug is for all connections, or for one', async (t) => {
  const page = await open(t);
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.evaluate(async (url) => {
    const connected = (wr) => new Promise((resolve) => { wr.on('connected', resolve); });
    await connected(new WebRocket(url));
    await connected(new WebRocket(`${url}?one`, { debug: true }));
    WebRocket.debug = true;
    await connected(new WebRocket(`${url}?two`));
    await connected(new WebRocket(`${url}?three`, { debug: false }));
  }, stage.vhost);
  assert.deepEqual(said.filter((text) => text.includes('connecting')).map((text) => text.split('?')[1]),
    ['one', 'two']);
});
