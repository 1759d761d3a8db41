// A real broker for a test, and browsers to drive it with. Whatever has to happen is waited for,
// with a deadline.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const SERVER = process.env.WEBROCKET_SERVER || 'webrocket-server';
const PACKAGE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const DEADLINE_MS = 20_000;
/** Its pages are there to put workers under load. */
const UNLIMITED = ['--max-messages-per-second', '0', '--max-bytes-per-second', '0', '--max-message-bytes', '1048576'];

/** Nothing listens on port 1. */
export const NOBODY = `http://wr:${'0123456789abcdef'.repeat(2)}01234567@127.0.0.1:1/moon`;

export async function waitUntil(condition, what = 'a condition') {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`timed out waiting for ${what}`);
    await sleep(10);
  }
}

/** `promise`, or a failure after the deadline. */
export async function within(promise, what = 'a promise') {
  const controller = new AbortController();
  const late = sleep(DEADLINE_MS, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`timed out waiting for ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}

function request(options, body) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ agent: false, timeout: DEADLINE_MS, ...options }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (more) => {
        text += more;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** One server process. Its storage outlives stop(), so that start() is a restart. */
export class Broker {
  static async start(...flags) {
    const broker = new Broker();
    broker.flags = flags;
    broker.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'kosmonaut-node-'));
    broker.address = '127.0.0.1:0';
    await broker.start();
    return broker;
  }

  async start() {
    const ready = path.join(this.directory, 'ready.json');
    fs.rmSync(ready, { force: true });
    const log = fs.openSync(path.join(this.directory, 'log'), 'a');
    this.process = spawn(SERVER, ['--addr', this.address, '--admin-addr', '127.0.0.1:0',
      '--storage-dir', path.join(this.directory, 'storage'), '--node-name', 'test-node',
      '--ready-file', ready, ...UNLIMITED, ...this.flags], { stdio: ['ignore', 'ignore', log] });
    fs.closeSync(log);
    this.ended = once(this.process, 'exit');
    await waitUntil(() => {
      if (this.process.exitCode !== null) throw new Error(`no server: ${this.logText()}`);
      return fs.existsSync(ready);
    }, 'the ready file');
    const { addr, admin_addr: adminAddr, cookie_file: cookie } = JSON.parse(
      fs.readFileSync(ready, 'utf8'));
    this.address = addr; // a restart takes the same port
    this.adminAddress = adminAddr;
    this.cookie = fs.readFileSync(cookie, 'utf8');
  }

  logText() {
    return fs.readFileSync(path.join(this.directory, 'log'), 'utf8');
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    await within(this.ended, 'the server\'s end');
  }

  async close() {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.stop();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  async admin(method, target) {
    const { hostname, port } = new URL(`http://${this.adminAddress}`);
    return request({ hostname, port, method, path: target,
      headers: { 'X-WebRocket-Cookie': this.cookie } });
  }

  async vhost(name) {
    const made = await this.admin('POST', `/${name}`);
    if (made.status !== 302) throw new Error(`no vhost: ${made.text}`);
    const shown = await this.admin('GET', `/${name}`);
    return new Vhost(this, name, JSON.parse(shown.text).vhost.accessToken);
  }
}

export class Vhost {
  constructor(broker, name, token) {
    this.broker = broker;
    this.name = name;
    this.token = token;
  }

  get url() {
    return `http://wr:${this.token}@${this.broker.address}/${this.name}`;
  }

  async request(method, suffix, body) {
    const { hostname, port } = new URL(`http://${this.broker.address}`);
    return request({ hostname, port, method, path: `/${this.name}${suffix}`,
      auth: `wr:${this.token}` }, body);
  }

  async open(channel) {
    const { status, text } = await this.request('POST', `/channels/${channel}`);
    if (status !== 202) throw new Error(text);
  }

  async accessToken(uid, channels) {
    const query = new URLSearchParams({ uid, channels }).toString().replaceAll('+', '%20');
    return JSON.parse((await this.request('GET', `/token?${query}`)).text).token;
  }

  /** A browser; with `uid` an authenticated one. */
  async browser(uid) {
    const browser = await Browser.connect(this.broker.address, `/${this.name}`);
    if (uid !== undefined) await browser.authenticate(await this.accessToken(uid, '.*'));
    return browser;
  }
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A frame from a client. */
export function frame(opcode, payload) {
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  const size = payload.length;
  const head = size < 126
    ? Buffer.from([0x80 | opcode, 0x80 | size])
    : Buffer.from([0x80 | opcode, 0x80 | 126, size >> 8, size & 0xff]);
  const masked = Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]));
  return Buffer.concat([head, mask, masked]);
}

/** A WebSocket client with nothing hidden. */
export class Browser {
  #buffer = Buffer.alloc(0);
  #heard = [];
  #waiting = [];

  static async connect(address, target) {
    const browser = new Browser();
    const { hostname, port } = new URL(`http://${address}`);
    browser.socket = net.connect(Number(port), hostname);
    browser.socket.setNoDelay(true);
    browser.socket.on('error', () => {});
    await within(once(browser.socket, 'connect'), 'a connection');
    browser.socket.write(`GET ${target} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n` +
      'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://test\r\n\r\n');
    await within(new Promise((resolve, reject) => {
      browser.socket.on('data', (more) => {
        if (browser.isOpen) {
          browser.#read(more);
          return;
        }
        browser.#buffer = Buffer.concat([browser.#buffer, more]);
        const end = browser.#buffer.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = browser.#buffer.subarray(0, end).toString();
        if (!head.startsWith('HTTP/1.1 101')) reject(new Error(head));
        browser.isOpen = true;
        const rest = browser.#buffer.subarray(end + 4);
        browser.#buffer = Buffer.alloc(0);
        browser.#read(rest);
        resolve();
      });
    }), 'the handshake');
    browser.sid = (await browser.hear())[':connected'].sid;
    return browser;
  }

  #read(more) {
    this.#buffer = Buffer.concat([this.#buffer, more]);
    for (;;) {
      const size = this.#sizeOfFrame();
      if (size === undefined || this.#buffer.length < size.head + size.payload) return;
      const opcode = this.#buffer[0] & 0x0f;
      const payload = this.#buffer.subarray(size.head, size.head + size.payload);
      this.#buffer = this.#buffer.subarray(size.head + size.payload);
      if (opcode === PING) this.socket.write(frame(PONG, payload));
      if (opcode === CLOSE) this.socket.end();
      if (opcode === TEXT) this.#tell(JSON.parse(payload.toString()));
    }
  }

  #sizeOfFrame() {
    if (this.#buffer.length < 2) return undefined;
    const short = this.#buffer[1] & 0x7f;
    if (short < 126) return { head: 2, payload: short };
    if (this.#buffer.length < 10) return undefined;
    return short === 126
      ? { head: 4, payload: this.#buffer.readUInt16BE(2) }
      : { head: 10, payload: Number(this.#buffer.readBigUInt64BE(2)) };
  }

  #tell(message) {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(message);
    else this.#heard.push(message);
  }

  async hear() {
    if (this.#heard.length > 0) return this.#heard.shift();
    return within(new Promise((resolve) => {
      this.#waiting.push(resolve);
    }), 'a message from the broker');
  }

  say(command, payload) {
    this.socket.write(frame(TEXT, Buffer.from(JSON.stringify({ [command]: payload }))));
  }

  async ask(command, payload) {
    this.say(command, payload);
    return this.hear();
  }

  async authenticate(token) {
    const answer = await this.ask('auth', { token });
    if (!(':authenticated' in answer)) throw new Error(JSON.stringify(answer));
  }

  async subscribe(channel, more = {}) {
    const answer = await this.ask('subscribe', { channel, ...more });
    if (!(':subscribed' in answer)) throw new Error(JSON.stringify(answer));
  }

  broadcast(channel, event, data = {}) {
    this.say('broadcast', { channel, event, data });
  }

  /** Fires an event at the backend alone; `topic` is channel/event. */
  trigger(topic, data = {}) {
    this.say('trigger', { event: topic, data });
  }

  close() {
    this.socket.destroy();
  }
}

/** How many descriptors this process has open. */
export function descriptors() {
  return fs.readdirSync('/proc/self/fd').length;
}

/** Runs JavaScript in a process of its own: what it printed and how it ended. */
export async function runProgram(source, { args = [], environment = {}, interact } = {}) {
  const program = spawn(process.execPath, ['--input-type=module', ...args, '--eval', source], {
    env: { ...process.env, ...environment },
    cwd: PACKAGE,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of Object.keys(output)) {
    program[name].setEncoding('utf8');
    program[name].on('data', (more) => {
      output[name] += more;
    });
  }
  const closed = once(program, 'close');
  try {
    await interact?.(program, output);
    const [status, signal] = await within(closed, 'a program\'s end');
    return { ...output, status, signal };
  } finally {
    program.kill('SIGKILL');
  }
}
