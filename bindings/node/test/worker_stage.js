// A broker, a vhost for each test, and workers and browsers on it.

import { once } from 'node:events';
import { after, before, beforeEach } from 'node:test';

import { Worker, WorkerState } from '../index.js';
import { Broker, waitUntil, within } from './support.js';

export const LIMIT = { timeout: 60_000 };
export const FAST = { reconnectDelay: { minMs: 20, maxMs: 50 } };

let broker;
export let vhost; // a new one for each test
let count = 0;

/** Of the file that calls it. */
export function useBroker() {
  before(async () => {
    broker = await Broker.start();
  });

  after(async () => {
    await broker.close();
  });

  beforeEach(async () => {
    count += 1;
    vhost = await broker.vhost(`worker${count}`);
  });
}

/** Tests of what a broker's end does have one of their own. */
export function moveTo(other) {
  vhost = other;
}

/** A worker that is closed at the test's end. */
export function workerOf(context, options = {}, url = vhost.url) {
  const worker = new Worker(url, { ...FAST, ...options });
  context.after(() => worker.close({ timeoutMs: 1000 }));
  return worker;
}

export async function browserOf(context, uid = 'alice') {
  const browser = await vhost.browser(uid ?? undefined);
  context.after(() => browser.close());
  return browser;
}

export async function isConnected(worker) {
  await waitUntil(() => worker.state === WorkerState.CONNECTED, 'the worker\'s connection');
}

export async function heard(emitter, name) {
  return within(once(emitter, name), `'${name}'`);
}

/** A started worker whose events are in the list that is returned. */
export async function started(context, patterns, options) {
  const worker = workerOf(context, options);
  const events = [];
  for (const pattern of patterns) worker.handle(pattern, (event) => events.push(event));
  worker.start();
  await isConnected(worker);
  return { worker, events };
}
