// Visitors on the chat's page, as people would meet: each in a browser profile of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { ChatStage } from './support.mjs';

const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

// What Chromium itself logs about a broker or a backend that is away; a page cannot prevent it.
const UNREACHABLE = /^error: (Failed to load resource|WebSocket connection to)/;

let stage;
let valentina;
let yuri;
const conversation = []; // what has been said so far: [name, text]

async function signIn(page, name) {
  await page.fill('#name', name);
  await page.click('#sign-in button');
}

async function online(page) {
  await page.waitForSelector('#state[data-state="online"]');
}

async function say(page, name, text) {
  await page.fill('#text', text);
  await page.click('#composer button');
  conversation.push([name, text]);
}

// Waits until a condition holds, or some seconds have gone by: the assertion after it tells.
async function eventually(condition) {
  for (const until = Date.now() + 20_000; Date.now() < until; await pause(50)) {
    if (await condition()) return;
  }
}

// Everything said so far stands on the page, in order, and nothing else does.
async function showsConversation(page) {
  let shown;
  await eventually(async () => {
    shown = await page.$$eval('#lines .line', (items) =>
      items.map((item) => ['.name', '.said', '.fate'].map((part) => item.querySelector(part).textContent)));
    return shown.length === conversation.length && shown.every(([, , fate]) => fate === '');
  });
  assert.deepEqual(shown, conversation.map(([name, text]) => [name, text, '']));
}

before(async () => {
  stage = await ChatStage.set();
  valentina = await stage.openPage({ viewport: { width: 1280, height: 800 } });
  yuri = await stage.openPage(PHONE);
});

after(async () => {
  const ends = await stage?.strike();
  assert.deepEqual(ends?.backend, { status: 0, signal: null }, stage?.logs);
  assert.deepEqual(ends?.broker, { status: 0, signal: null }, stage?.logs);
});

test('two visitors sign in and each sees every line, in order, under the right name', async () => {
  await signIn(valentina, 'Valentina');
  await signIn(yuri, 'Yuri');
  await online(valentina);
  await online(yuri);

  await say(valentina, 'Valentina', 'Chaika here.');
  await showsConversation(yuri);
  await say(yuri, 'Yuri', 'Kedr here. I see the Earth: how beautiful!');
  await showsConversation(valentina);
  for (let i = 1; i <= 5; ++i) {
    await say(valentina, 'Valentina', `orbit ${i}`);
  }
  await showsConversation(yuri);
  await say(yuri, 'Yuri', 'Поехали! 🚀 "quoted" \\ back');
  await say(yuri, 'Yuri', '<img src=x onerror="document.title=1"><b>not markup</b>');

  await showsConversation(valentina);
  await showsConversation(yuri);
  assert.deepEqual(valentina.complaints, []);
  assert.deepEqual(yuri.complaints, []);
});

test('the page fits a phone', async () => {
  const { overflow, bottom, height } = await yuri.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    bottom: document.querySelector('#composer').getBoundingClientRect().bottom,
    height: window.innerHeight,
  }));
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  assert.ok(bottom <= height, `the composer ends at ${bottom} px of ${height}`);
});

test('a name that somebody has is refused, and the page says so', async () => {
  const page = await stage.openPage();
  await signIn(page, 'Valentina');
  await page.waitForFunction(() => document.querySelector('#sign-in-error').textContent !== '');
  assert.equal(await page.isVisible('#room'), false);
  await page.context().close();
});

test('the broker dies and comes back: the pages reconnect and the chat goes on', async () => {
  await stage.killBroker();
  await valentina.waitForSelector('#state[data-state="connecting"]');
  await yuri.waitForSelector('#state[data-state="connecting"]');
  await stage.startBroker();
  await online(valentina);
  await online(yuri);
  await eventually(() => stage.admin('list_workers', '/demo').trim() !== '');

  await say(yuri, 'Yuri', 'Is anybody still there?');
  await showsConversation(valentina);
  await say(valentina, 'Valentina', 'I am.');
  await showsConversation(yuri);
  await showsConversation(valentina);

  for (const page of [valentina, yuri]) {
    assert.deepEqual(page.complaints.filter((text) => !UNREACHABLE.test(text)), []);
  }
});

test('a visitor who reloads the page is still signed in, and one who leaves is not', async () => {
  await valentina.reload();
  await online(valentina);
  await valentina.click('#leave');
  await valentina.waitForSelector('#sign-in:not([hidden])');
  await valentina.reload();
  await valentina.waitForSelector('#sign-in:not([hidden])');
  assert.equal(await valentina.isVisible('#room'), false);
});

test('a visitor who comes back under another name in a second tab has it in the first one, too', async () => {
  const first = await stage.openPage();
  await signIn(first, 'Sergei');
  await online(first);
  const second = await first.context().newPage();
  await second.goto(stage.url);
  await online(second);
  await second.click('#leave');
  await signIn(second, 'Vladimir');
  await online(second);

  await first.fill('#text', 'Who am I?');
  await first.click('#composer button');
  await first.waitForSelector('.lost .retry');
  await first.waitForFunction(() => document.querySelector('#state').textContent === 'Vladimir');
  await first.click('.lost .retry');
  await second.waitForSelector('.line.mine');
  assert.equal(await second.textContent('.line .name'), 'Vladimir');
  await first.waitForFunction(() => document.querySelectorAll('.line.mine:not(.sending, .lost)').length === 1);
  assert.equal(await first.locator('#lines .line').count(), 1);
  assert.deepEqual(first.complaints, []);
  await first.context().close();
});

test('leaving while the backend is away: the page comes back with it', async () => {
  const page = await stage.openPage();
  await signIn(page, 'Pavel');
  await online(page);
  assert.deepEqual(await stage.backend.stop(), { status: 0, signal: null });
  await page.click('#leave');
  await page.waitForSelector('#state[data-state="connecting"]');
  await stage.startBackend();
  // It has forgotten its sessions, so there is no way back but through the door.
  await page.waitForSelector('#sign-in:not([hidden])');
  await signIn(page, 'Pavel');
  await online(page);
  assert.deepEqual(page.complaints.filter((text) => !UNREACHABLE.test(text)), []);
  await page.context().close();
});
