// The page of the chat. It speaks the broker's frontend protocol over a plain WebSocket: a frame is
// a JSON object with one key, the event's name, whose value is the payload.
'use strict';

(() => {
  const CHANNEL = 'private-chat';
  const LINES_MAX = 500;
  const ANSWER_WITHIN_MS = 5000;
  const RETRY_FIRST_MS = 500;
  const RETRY_MOST_MS = 8000;

  const byId = (id) => document.getElementById(id);
  const state = byId('state');
  const lines = byId('lines');
  const text = byId('text');
  const send = byId('composer').querySelector('button');

  let me = null; // {uid, name} as the application knows us
  let socket = null;
  let online = false;
  let retryTimer = 0;
  let retryDelay = RETRY_FIRST_MS;
  let lineCount = 0;
  const pending = new Map(); // our own lines that have not come back: id -> {item, text, timer}

  function show(name, words) {
    state.dataset.state = name;
    state.textContent = words;
    online = name === 'online';
    send.disabled = !online;
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
    me = who;
    byId('sign-in').hidden = true;
    byId('room').hidden = false;
    byId('leave').hidden = false;
    byId('leave').setAttribute('aria-label', `Leave the chat, ${me.name}`);
    text.focus();
    connect();
  }

  function stay(words) {
    me = null;
    disconnect();
    pending.forEach((line) => clearTimeout(line.timer));
    pending.clear();
    lines.replaceChildren();
    byId('room').hidden = true;
    byId('leave').hidden = true;
    byId('sign-in').hidden = false;
    byId('sign-in-error').textContent = words;
    show('away', 'Not signed in');
    byId('name').focus();
  }

  byId('sign-in').addEventListener('submit', async (event) => {
    event.preventDefault();
    const complaints = {
      'bad-name': 'A name has 1 to 24 characters that can be seen.',
      'taken': 'Somebody here has that name already.',
      'full': 'The chat is full. Try again later.'
    };
    byId('sign-in-error').textContent = '';
    try {
      const answer = await ask('sign-in', { name: byId('name').value.trim() });
      if (answer.status === 200) {
        enter(answer.body);
      } else {
        byId('sign-in-error').textContent = complaints[answer.body.error] || 'That did not work.';
        byId('name').select();
      }
    } catch (failure) {
      byId('sign-in-error').textContent = 'The chat does not answer. Try again.';
    }
  });

  byId('leave').addEventListener('click', async () => {
    try {
      await ask('sign-out', {});
      stay('');
    } catch (failure) {
      reconnect(); // still signed in, as far as anybody knows
    }
  });

  // --- The broker: a connection that comes back by itself ---

  function disconnect() {
    clearTimeout(retryTimer);
    retryTimer = 0;
    if (socket) {
      const old = socket;
      socket = null; // whatever it has to say is no longer for us
      old.close();
    }
  }

  function reconnect() {
    disconnect();
    show('connecting', 'Reconnecting…');
    retryTimer = setTimeout(connect, retryDelay * (0.5 + Math.random() / 2));
    retryDelay = Math.min(retryDelay * 2, RETRY_MOST_MS);
  }

  // A token is good for one connection, so each one begins with asking for another.
  async function connect() {
    disconnect();
    show('connecting', 'Connecting…');
    let answer;
    const asker = me;
    try {
      answer = await ask('webrocket/auth.json');
    } catch (failure) {
      answer = { status: 0 };
    }
    if (me !== asker || me === null || socket) {
      return; // signed out meanwhile
    }
    if (answer.status === 401) {
      stay('You were signed out. Come in again.');
    } else if (answer.status !== 200) {
      reconnect();
    } else {
      // In another tab the visitor may have come back under another name.
      me = { uid: answer.body.uid, name: answer.body.name };
      open(answer.body);
    }
  }

  function open(auth) {
    const mine = new WebSocket(auth.url);
    socket = mine;
    mine.onmessage = (message) => {
      if (socket === mine) {
        const frame = JSON.parse(message.data);
        const name = Object.keys(frame)[0];
        hear(name, frame[name], auth);
      }
    };
    mine.onclose = () => {
      if (socket === mine) {
        reconnect();
      }
    };
  }

  function tell(name, payload) {
    socket.send(JSON.stringify({ [name]: payload }));
  }

  function hear(name, payload, auth) {
    switch (name) {
      case ':connected':
        tell('auth', { token: auth.token });
        break;
      case ':authenticated':
        tell('subscribe', { channel: CHANNEL });
        break;
      case ':subscribed':
        retryDelay = RETRY_FIRST_MS;
        show('online', me.name);
        break;
      case ':unsubscribed': // the channel was closed
      case ':error': // a used token, a channel that is not there yet: begin anew
        if (name === ':unsubscribed' || !online) {
          reconnect();
        }
        break;
      case 'said':
        // Without a sender's session it comes from the backend; a visitor could forge the rest.
        if (payload.sid === undefined) {
          said(payload);
        }
        break;
      case 'unsaid':
        if (payload.sid === undefined && payload.uid === me.uid) {
          unsaid(payload);
        }
        break;
    }
  }

  // --- The conversation ---

  function element(tag, className, content) {
    const made = document.createElement(tag);
    made.className = className;
    if (content !== undefined) {
      made.textContent = content;
    }
    return made;
  }

  function hueOf(uid) {
    let hue = 0;
    for (const character of uid) {
      hue = (hue * 31 + character.codePointAt(0)) % 360;
    }
    return hue;
  }

  function add(uid, name, words) {
    const item = element('li', uid === me.uid ? 'line mine' : 'line');
    const who = element('p', 'who');
    const when = element('time', '', new Date().toLocaleTimeString([], {
      hour: '2-digit',
      minute: '2-digit'
    }));
    when.dateTime = new Date().toISOString();
    item.style.setProperty('--hue', hueOf(uid));
    who.append(element('span', 'name', name), when, element('span', 'fate'));
    item.append(who, element('p', 'said', words));

    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 80;
    lines.append(item);
    while (lines.children.length > LINES_MAX) {
      lines.firstElementChild.remove();
    }
    if (atEnd || uid === me.uid) {
      lines.scrollTop = lines.scrollHeight;
    }
    return item;
  }

  function mark(item, className, fate) {
    item.classList.remove('sending', 'lost');
    if (className) {
      item.classList.add(className);
    }
    item.querySelector('.fate').textContent = fate;
    const retry = item.querySelector('.retry');
    if (retry) {
      retry.remove();
    }
  }

  function say(words) {
    lineCount += 1;
    const id = `${Date.now().toString(36)}-${lineCount}`;
    const item = add(me.uid, me.name, words);
    mark(item, 'sending', 'sending…');
    pending.set(id, {
      item,
      text: words,
      timer: setTimeout(() => unsaid({ line: id }), ANSWER_WITHIN_MS)
    });
    tell('trigger', { event: 'chat/say', data: { line: id, text: words } });
  }

  function said(payload) {
    const line = payload.uid === me.uid ? pending.get(payload.line) : undefined;
    if (line) {
      clearTimeout(line.timer);
      pending.delete(payload.line);
      mark(line.item, '', '');
      lines.append(line.item); // where everybody else has it
      lines.scrollTop = lines.scrollHeight;
    } else {
      add(payload.uid, payload.name, payload.text);
    }
  }

  function unsaid(payload) {
    const line = pending.get(payload.line);
    if (!line) {
      return;
    }
    clearTimeout(line.timer);
    pending.delete(payload.line);
    mark(line.item, 'lost', 'not delivered');
    const retry = element('button', 'retry', 'Try again');
    retry.type = 'button';
    retry.addEventListener('click', () => {
      if (online) {
        line.item.remove();
        text.focus();
        say(line.text);
      }
    });
    line.item.querySelector('.who').append(retry);
    if (payload.reason === 'signed-out') {
      reconnect(); // asks the application, which will send us to the door
    }
  }

  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (words !== '' && online) {
      say(words);
      text.value = '';
    }
    text.focus();
  });

  ask('session.json').then((answer) => {
    if (answer.body.uid) {
      enter(answer.body);
    } else {
      stay('');
    }
  }, () => stay('The chat does not answer. Reload the page.'));
})();
