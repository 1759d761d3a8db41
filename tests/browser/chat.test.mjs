// Visitors on the chat's page, as people would meet: each in a browser profile of their own.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { ChatStage } from './support.mjs';

const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

// What Chromium itself logs about a broker or a backend that is away; a page cannot prevent it.
const UNREACHABLE = /^error: (Failed to load resource|WebSocket connection to)/;

let stage;
let valentina;
let yuri;
let conversation; // what has been said in the test so far: [name, text]

async function signIn(page, name) {
  await page.fill('#name', name);
  await page.click('#sign-in button');
}

async function online(page) {
  await page.waitForSelector('#state[data-state="online"]');
}

// Opens the page anew, which then shows nothing of what was said before, and signs in if need be.
async function comeIn(page, name) {
  await page.goto(stage.url);
  await page.waitForSelector('#room:not([hidden]), #name:focus');
  if (await page.isVisible('#sign-in')) await signIn(page, name);
  await online(page);
  page.complaints.length = 0;
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

// Each test finds the same: both programs, two visitors who have come in, and nobody else.
beforeEach(async () => {
  await stage.startWhatEnded();
  conversation = [];
  await comeIn(valentina, 'Valentina');
  await comeIn(yuri, 'Yuri');
});

// However the test has ended.
afterEach(async () => {
  const guests = stage.browser.contexts().filter((context) =>
    ![valentina, yuri].some((page) => page.context() === context));
  for (const context of guests) await context.close();
});

after(async () => {
  const ends = await stage?.strike();
  assert.deepEqual(ends?.backend, { status: 0, signal: null }, stage?.logs);
  assert.deepEqual(ends?.broker, { status: 0, signal: null }, stage?.logs);
});

test('two visitors sign in and each sees every line, in order, under the right name', async () => {
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

// Longer than the page waits before it tells who has come and gone, by its own clock.
const A_WHILE = 15_000;

// A page of somebody who has signed in. If it is paused, its time goes on only when the test says so.
async function visitor(name, { isPaused = false } = {}) {
  const page = await stage.openPage();
  if (isPaused) await page.clock.install();
  await signIn(page, name);
  await online(page);
  if (isPaused) await page.clock.pauseAt(new Date(Date.now() + 3_600_000));
  return page;
}

// The names in the list of who is there.
async function peopleOn(page) {
  return page.$$eval('#people-list .name', (names) => names.map((name) => name.textContent));
}

async function showsPeople(page, names) {
  await eventually(async () => (await peopleOn(page)).join() === names.join());
  assert.deepEqual(await peopleOn(page), names);
}

async function notesOn(page) {
  return page.$$eval('#lines .note', (notes) => notes.map((note) => note.textContent));
}

test('everybody sees who is there, and is told who comes and goes', async () => {
  await showsPeople(valentina, ['Valentina', 'Yuri']);
  await showsPeople(yuri, ['Yuri', 'Valentina']);
  assert.equal(await yuri.textContent('#count'), '2');

  const anna = await visitor('Anna', { isPaused: true });
  const pavel = await visitor('Pavel');
  await showsPeople(pavel, ['Pavel', 'Anna', 'Valentina', 'Yuri']);
  await showsPeople(anna, ['Anna', 'Pavel', 'Valentina', 'Yuri']);
  await anna.clock.runFor(A_WHILE);
  assert.deepEqual(await notesOn(anna), ['Pavel came in']);

  await pavel.reload(); // is no leaving
  await online(pavel);
  await pavel.fill('#text', 'Here I am again.');
  await pavel.click('#composer button');
  await anna.waitForSelector('.said:text-is("Here I am again.")');
  await anna.clock.runFor(A_WHILE);
  assert.deepEqual(await notesOn(anna), ['Pavel came in']);

  await pavel.click('#leave');
  await eventually(async () => {
    await anna.clock.runFor(A_WHILE);
    return (await notesOn(anna)).length > 1;
  });
  assert.deepEqual(await notesOn(anna), ['Pavel came in', 'Pavel left']);
  await showsPeople(anna, ['Anna', 'Valentina', 'Yuri']);
  for (const page of [anna, pavel]) assert.deepEqual(page.complaints, []);
});

test('nobody is there, or speaks, under a name of his own making', async () => {
  const mallory = await visitor('Mallory');
  await mallory.evaluate(async () => {
    const { url, library } = await (await fetch('broker.json')).json();
    const { WebRocket } = await import(library);
    const wr = new WebRocket(url);
    wr.authenticate({ uid: '0000000000000000-Valentina' });
    const chat = wr.join('presence-chat', { name: 'Valentina', uid: '0000000000000000-Valentina' });
    const forged = { uid: '0000000000000000-Valentina', name: 'Valentina', line: '1', text: 'forged' };
    chat.event('said').fire(forged);
    await new Promise((resolve) => { chat.event('said').on('received', resolve); });
  });
  await showsPeople(yuri, ['Yuri', 'Mallory', 'Valentina']);
  await mallory.context().close();
  await showsPeople(yuri, ['Yuri', 'Valentina']);
  await showsConversation(yuri);
});

test('a keyboard is enough', async () => {
  const page = await stage.openPage(PHONE);
  await page.waitForSelector('#name:focus');
  await page.keyboard.type('Sergei');
  await page.keyboard.press('Enter');
  await online(page);
  const stops = [];
  for (let i = 0; i < 5; ++i) {
    stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent));
    await page.keyboard.press('Shift+Tab');
  }
  assert.deepEqual(stops.slice(0, 4), ['text', 'lines', 'leave', 'who']);

  await page.focus('#who');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#who[aria-expanded="true"]');
  await page.waitForSelector('#people-list', { state: 'visible' });
  await page.keyboard.press('Escape');
  await page.waitForSelector('#who[aria-expanded="false"]:focus');
  await page.waitForSelector('#people', { state: 'hidden' });
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#name:focus');
  assert.deepEqual(page.complaints, []);
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
});

test('the broker dies and comes back: the pages reconnect and the chat goes on', async () => {
  await stage.killBroker();
  await valentina.waitForSelector('#state[data-state="connecting"]');
  await yuri.waitForSelector('#state[data-state="connecting"]');
  await valentina.waitForSelector('#try-now');
  const late = await stage.openPage();
  await signIn(late, 'Late');
  await late.click('#try-now'); // to no avail
  await stage.startBroker();
  await online(valentina);
  await online(yuri);
  await eventually(() => stage.admin('list_workers', '/demo').trim() !== '');

  await say(yuri, 'Yuri', 'Is anybody still there?');
  await showsConversation(valentina);
  await say(valentina, 'Valentina', 'I am.');
  await showsConversation(yuri);
  await showsConversation(valentina);
  await online(late);
  await showsPeople(late, ['Late', 'Valentina', 'Yuri']);
  await showsPeople(valentina, ['Valentina', 'Late', 'Yuri']);

  for (const page of [valentina, yuri, late]) {
    assert.deepEqual(page.complaints.filter((text) => !UNREACHABLE.test(text)), []);
  }
});

test('nobody is said to have left who only comes back later from an outage', async () => {
  const ada = await visitor('Ada', { isPaused: true });
  const boris = await visitor('Boris', { isPaused: true });
  await showsPeople(ada, ['Ada', 'Boris', 'Valentina', 'Yuri']);
  await ada.clock.runFor(A_WHILE);
  const notes = await notesOn(ada);
  await stage.killBroker();
  for (const page of [ada, boris]) await page.waitForSelector('#state[data-state="connecting"]');
  await stage.startBroker();
  for (const page of [ada, boris]) {
    await eventually(async () => {
      await page.clock.runFor(1000);
      return await page.getAttribute('#state', 'data-state') === 'online';
    });
    assert.ok((await peopleOn(ada)).includes('Boris'));
  }
  for (const page of [valentina, yuri]) await online(page);
  await showsPeople(ada, ['Ada', 'Boris', 'Valentina', 'Yuri']);
  await ada.clock.runFor(A_WHILE);
  assert.deepEqual(await notesOn(ada), notes);
});

test('the channel is closed: whoever comes next opens it, and the others are on it again', async () => {
  const page = await visitor('Gherman');
  stage.admin('delete_channel', '/demo', 'presence-chat');
  await page.waitForSelector('#state[data-state="connecting"]');
  await online(page);
  await online(yuri);
  await showsPeople(page, ['Gherman', 'Valentina', 'Yuri']);
  assert.deepEqual(page.complaints, []);
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
});
