// The scenario's program in JavaScript: node scenario.js VHOST_URL, driven by JSON lines.

import { createInterface } from 'node:readline';

import { Client, KosmonautError, Worker } from '../../../bindings/node/index.js';

const url = process.argv[2];

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

const client = new Client(url);
const worker = new Worker(url, { reconnectDelay: { minMs: 100, maxMs: 500 } });
worker.handle('private-room/ask', async (event) => {
  try {
    await client.trigger(event.channel, 'answer', { to: event.uid, n: event.json().n });
  } catch (error) {
    if (!error.isRetriable) throw error;
    console.error(error); // the broker went away in the middle
  }
});
// Without a look at the rest of the data, which may be anything.
worker.handle('private-room/who', async (event) => {
  await client.trigger(event.channel, 'sender', { uid: event.uid, sid: event.sid });
});
const running = worker.run().then(() => {
  if (!worker.isClosed) throw new Error('the worker ended without being closed');
}).catch((error) => {
  console.error(error);
  process.exit(1);
});

async function openAs(otherUrl, channel) {
  const other = new Client(otherUrl);
  try {
    await other.openChannel(channel);
  } finally {
    await other.close();
  }
}

const COMMANDS = {
  open: ({ channel }) => client.openChannel(channel),
  close_channel: ({ channel }) => client.closeChannel(channel),
  trigger: ({ channel, event, data }) => client.trigger(channel, event, data),
  token: async ({ uid, channels }) => ({ token: await client.requestToken(uid, channels) }),
  open_as: ({ url: otherUrl, channel }) => openAs(otherUrl, channel),
  state: () => ({ state: worker.state, events: worker.events, reconnects: worker.reconnects }),
  quit: async () => {
    await worker.close({ timeoutMs: 5000 });
    await running;
    await client.close();
  },
};

async function answerTo(command) {
  try {
    return { ok: true, ...await COMMANDS[command.do](command) };
  } catch (error) {
    if (!(error instanceof KosmonautError)) throw error;
    return { error: error.code, http_status: error.httpStatus, message: error.message };
  }
}

print({ ready: true });
let hasQuit = false;
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  print(await answerTo(command));
  hasQuit = command.do === 'quit';
  if (hasQuit) break;
}
if (!hasQuit) process.exit(1);
process.stdin.destroy(); // it may stay open, and would keep the process
