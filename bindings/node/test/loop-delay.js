// How late the event loop is while a worker receives as many events as can be sent to it:
//
//     node test/loop-delay.js [SECONDS]
//
// Browsers in processes of their own fire at the backend, the worker has one too, and measures the
// delay of its own loop. Fails when the 99th percentile reaches 10 ms.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Worker, WorkerState } from '../index.js';
import { Broker, Browser, waitUntil } from './support.js';

const SENDERS = 3;
const WARM_UP_MS = 2000;
const LIMIT_MS = 10;
const NEEDED_PER_SECOND = 2000;

// A sender is no more than this ahead of the worker, or the broker would give the worker up.
const WINDOW = 4000;
const BURST = 100;
const REPORT_MS = 10;

const inMs = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(2));

// ---- The worker's process ----

async function receive(url, seconds) {
  const received = new Array(SENDERS).fill(0);
  let total = 0;
  const worker = new Worker(url);
  worker.handle('load/*', (event) => {
    received[event.json().sender] += 1;
    total += 1;
  });
  worker.on('error', (error) => {
    throw error;
  });
  worker.start();
  await waitUntil(() => worker.state === WorkerState.CONNECTED);
  const reporting = setInterval(() => process.send({ received }), REPORT_MS);
  process.send({ isReady: true });
  await sleep(WARM_UP_MS);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = total;
  const begin = performance.now();
  delay.enable();
  await sleep(seconds * 1000);
  delay.disable();
  const took = (performance.now() - begin) / 1000;

  clearInterval(reporting);
  process.send({
    result: {
      events: total - before,
      perSecond: Math.round((total - before) / took),
      seconds: Number(took.toFixed(1)),
      reconnects: worker.reconnects,
      delayMs: {
        mean: inMs(delay.mean), p50: inMs(delay.percentile(50)), p99: inMs(delay.percentile(99)),
        p999: inMs(delay.percentile(99.9)), max: inMs(delay.max),
      },
    },
  });
  await worker.close();
  process.disconnect();
}

// ---- A sender's process ----

async function send(address, target, token, sender) {
  const browser = await Browser.connect(address, target);
  await browser.authenticate(token);
  let received = 0;
  process.on('message', (message) => {
    received = message.received[sender];
  });
  process.on('disconnect', () => process.exit(0));
  for (let sent = 0; ; sent += BURST) {
    while (sent - received > WINDOW) await sleep(1);
    browser.socket.cork();
    for (let n = 0; n < BURST; n += 1) {
      browser.trigger('load/n', { sender, n: sent + n, text: 'a line of a chat, say' });
    }
    browser.socket.uncork();
    if (browser.socket.writableNeedDrain) await once(browser.socket, 'drain');
    else await turn();
  }
}

// ---- The stage ----

async function main(seconds) {
  const broker = await Broker.start();
  const self = fileURLToPath(import.meta.url);
  const senders = [];
  try {
    const vhost = await broker.vhost('load');
    const receiver = fork(self, ['receive', vhost.url, String(seconds)]);
    const exit = once(receiver, 'exit');
    let result;
    receiver.on('message', async (message) => {
      if (message.result !== undefined) result = message.result;
      for (const sender of senders) {
        if (message.received !== undefined && sender.connected) sender.send(message);
      }
      if (message.isReady) {
        for (let sender = 0; sender < SENDERS; sender += 1) {
          const token = await vhost.accessToken(`sender${sender}`, '.*');
          senders.push(fork(self, ['send', broker.address, `/${vhost.name}`, token,
            String(sender)]));
        }
      }
    });
    const [status] = await exit;
    if (status !== 0 || result === undefined) throw new Error('the worker\'s process failed');
    return result;
  } finally {
    for (const sender of senders) sender.kill();
    await broker.close();
  }
}

const [, , role, ...rest] = process.argv;
if (role === 'receive') {
  await receive(rest[0], Number(rest[1]));
} else if (role === 'send') {
  await send(rest[0], rest[1], rest[2], Number(rest[3]));
} else if (process.env.NODE_TEST_CONTEXT === undefined) { // not among the tests
  const result = await main(Number(role ?? 20));
  console.log(JSON.stringify(result, null, 2));
  const isGood = result.delayMs.p99 < LIMIT_MS && result.perSecond >= NEEDED_PER_SECOND;
  process.exitCode = isGood ? 0 : 1;
}
