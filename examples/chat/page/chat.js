// The page of the chat: the application says who we are, the broker brings us together. Its library
// is the one that the broker itself serves.
import { Conversation } from './conversation.js';
import { People, nameOf } from './people.js';

const CHANNEL = 'presence-chat';
const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 8000;

const byId = (id) => document.getElementById(id);
const state = byId('state');
const text = byId('text');
const send = byId('composer').querySelector('button');

let WebRocket = null; // the library's class, once the broker has been heard of
let brokerUrl = '';
let loads = 0; // of the library, that were tried
let wr = null; // the connection; there is one while we are signed in
let visit = 0; // counts sign-ins: what belongs to an earlier one comes too late
let online = false;
let retryDelay = RETRY_FIRST_MS;
let retryTimer = 0;

const conversation = new Conversation(byId('lines'), byId('newer'),
  (line, words) => wr.fire('chat/say', { line, text: words }),
  () => {
    if (online) text.focus();
    return online;
  });
const people = new People(byId('people-list'), byId('count'), (news) => conversation.note(news));

function show(name, words) {
  const hasTrouble = name === 'connecting';
  state.dataset.state = name;
  state.textContent = words;
  online = name === 'online';
  send.disabled = !online;
  byId('people').classList.toggle('stale', hasTrouble);
  byId('trouble').hidden = !hasTrouble;
  byId('trouble-text').textContent = hasTrouble ? 'No connection. Trying again…' : '';
}

// --- The application: who we are ---

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body)
  };
  const response = await fetch(path, options);
  return { status: response.status, body: await response.json() };
}

function enter(who) {
  conversation.me = who;
  byId('sign-in').hidden = true;
  byId('room').hidden = false;
  byId('who').hidden = false;
  byId('leave').hidden = false;
  byId('leave').setAttribute('aria-label', `Leave the chat, ${who.name}`);
  text.focus();
  visit += 1;
  connect(visit);
}

function stay(words) {
  visit += 1;
  clearTimeout(retryTimer);
  wr?.disconnect();
  wr = null;
  conversation.clear();
  people.clear();
  showPeople(false);
  byId('room').hidden = true;
  byId('who').hidden = true;
  byId('leave').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = words;
  show('away', 'Not signed in');
  byId('name').focus();
}

const COMPLAINTS = {
  'bad-name': 'A name has 1 to 24 characters that can be seen.',
  'taken': 'Somebody here has that name already.',
  'full': 'The chat is full. Try again later.'
};

byId('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  byId('sign-in-error').textContent = '';
  try {
    const answer = await ask('sign-in', { name: byId('name').value.trim() });
    if (answer.status === 200) {
      enter(answer.body);
    } else {
      byId('sign-in-error').textContent = COMPLAINTS[answer.body.error] || 'That did not work.';
      byId('name').select();
    }
  } catch {
    byId('sign-in-error').textContent = 'The chat does not answer. Try again.';
  }
});

byId('leave').addEventListener('click', async () => {
  try {
    await ask('sign-out', {});
    stay('');
  } catch {
    again(); // still signed in, as far as anybody knows
  }
});

// --- The broker ---

// A browser may remember that it could not load a module, so the next attempt has another address.
async function loadLibrary() {
  const { body } = await ask('broker.json');
  const address = loads === 0 ? body.library : `${body.library}?load=${loads}`;
  loads += 1;
  ({ WebRocket } = await import(address));
  brokerUrl = body.url;
}

async function connect(forVisit) {
  show('connecting', 'Connecting…');
  try {
    if (WebRocket === null) await loadLibrary();
  } catch {
    if (visit === forVisit) again();
    return;
  }
  if (visit === forVisit) open(new WebRocket(brokerUrl));
}

// After a while, which grows: whoever has lost the broker is not alone.
function again() {
  const delay = retryDelay * (0.5 + Math.random() / 2);
  retryDelay = Math.min(retryDelay * 2, RETRY_MOST_MS);
  show('connecting', 'Reconnecting…');
  reconnectAfter(delay);
}

function reconnectAfter(delay) {
  clearTimeout(retryTimer);
  if (wr) wr.reconnectAfter(delay);
  else retryTimer = setTimeout(connect, delay, visit);
}

// What an old connection still has to say is no longer for us.
function open(connection) {
  wr = connection;
  const mine = (handler) => (...values) => wr === connection && handler(...values);
  const channel = wr.join(CHANNEL);

  wr.on('connected', mine(() => wr.join(CHANNEL))); // again, should it have been closed
  wr.on('disconnected', mine(again));
  wr.on('error', mine(({ httpStatus }) => {
    if (httpStatus === 401) stay('You were signed out. Come in again.');
    else if (!online) again(); // a used token, a channel that is not there yet: begin anew
  }));
  channel.on('subscribed', mine(() => welcome(channel)));
  channel.on('unsubscribed', mine(again)); // the channel was closed
  channel.on('online', mine(({ uid }) => people.arrive(uid)));
  channel.on('offline', mine(({ uid }) => people.depart(uid)));
  // Without a sender's session it comes from the backend; a visitor could forge the rest.
  channel.event('said').on('received', mine((line) => line.sid ?? conversation.said(line)));
  channel.event('unsaid').on('received', mine((line) => line.sid ?? unsaid(line)));
  wr.authenticate();
}

// We are whoever the broker takes us for: in another tab the visitor may have come back under
// another name.
function welcome(channel) {
  retryDelay = RETRY_FIRST_MS;
  conversation.me = { uid: channel.uid, name: nameOf(channel.uid) };
  byId('leave').setAttribute('aria-label', `Leave the chat, ${conversation.me.name}`);
  people.begin(channel.uid, Object.keys(channel.subscribers));
  show('online', conversation.me.name);
}

function unsaid(line) {
  if (line.uid !== conversation.me.uid) return;
  conversation.unsaid(line);
  if (line.reason === 'signed-out') again(); // asks the application, which will send us to the door
}

byId('try-now').addEventListener('click', () => {
  retryDelay = RETRY_FIRST_MS;
  reconnectAfter(0);
});

// --- What one does ---

function showPeople(isShown) {
  byId('people').classList.toggle('open', isShown);
  byId('who').setAttribute('aria-expanded', isShown);
}

byId('who').addEventListener('click', () => showPeople(!byId('people').classList.contains('open')));

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && byId('people').classList.contains('open')) {
    showPeople(false);
    byId('who').focus();
  }
});

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (words !== '' && online) {
    conversation.say(words);
    text.value = '';
  }
  text.focus();
});

ask('session.json').then(
  ({ body }) => (body.uid ? enter(body) : stay('')),
  () => stay('The chat does not answer. Reload the page.'));
