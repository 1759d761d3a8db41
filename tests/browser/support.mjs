// What the browser tests stand on: a broker and a browser, on ports of their own, and for the chat its
// backend.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { chromium } from 'playwright-core';

const { WEBROCKET_SERVER, WEBROCKET_ADMIN, CHAT_BACKEND, CHROMIUM } = process.env;

// A program in the background, with its output kept for when something fails.
class Program {
  constructor(path, args, environment = {}) {
    this.path = path;
    this.output = '';
    this.process = spawn(path, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
    this.ended = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', (status, signal) => resolve({ status, signal }));
    });
  }

  // The JSON that the program writes when it is ready.
  async ready(file) {
    for (const until = Date.now() + 30_000; Date.now() < until; await pause(50)) {
      try {
        return JSON.parse(readFileSync(file, 'utf8'));
      } catch {
        // not there yet
      }
      if (this.hasEnded) break;
    }
    throw new Error(`${this.path} did not start:\n${this.output}`);
  }

  get hasEnded() {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }
}

// A broker with the vhost /demo, and a browser. `url` is the address of the page that is opened.
export class Stage {
  static async set() {
    const stage = new this();
    stage.directory = mkdtempSync(join(tmpdir(), 'kosmonaut-browser-'));
    try {
      await stage.startBroker();
      stage.token = stage.admin('add_vhost', '/demo').trim().split('\n').at(-1);
      await stage.startOthers();

      stage.browser = await chromium.launch({
        executablePath: CHROMIUM,
        // A test's browser speaks to nobody but the test; root and containers have no sandbox.
        args: [
          '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic',
          '--no-first-run', '--disable-background-networking', '--disable-component-update',
          '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
        ],
      });
    } catch (error) {
      await stage.strike();
      throw error;
    }
    return stage;
  }

  async startOthers() {}

  // More of the broker's flags.
  get brokerFlags() {
    return [];
  }

  // The first time on any port, afterwards where the page and the backend expect it.
  async startBroker() {
    const readyFile = join(this.directory, 'broker.json');
    rmSync(readyFile, { force: true });
    const program = new Program(WEBROCKET_SERVER, [
      '--addr', this.broker?.addr ?? '127.0.0.1:0',
      '--admin-addr', this.broker?.admin_addr ?? '127.0.0.1:0',
      '--storage-dir', join(this.directory, 'storage'),
      '--node-name', 'browser-test',
      '--ready-file', readyFile,
      ...this.brokerFlags,
    ]);
    this.brokerProgram = program;
    this.broker = await program.ready(readyFile);
  }

  // For whoever comes after a test that has ended in the middle.
  async startWhatEnded() {
    if (this.brokerProgram.hasEnded) await this.startBroker();
  }

  async killBroker() {
    await this.brokerProgram.stop('SIGKILL');
  }

  admin(...command) {
    const cookie = readFileSync(this.broker.cookie_file, 'utf8');
    return execFileSync(
      WEBROCKET_ADMIN,
      ['--admin-addr', this.broker.admin_addr, '--cookie', cookie, '--yes', ...command],
      { encoding: 'utf8', timeout: 30_000 },
    );
  }

  // A page in a browser profile of its own. `complaints` collects what went wrong on it.
  async openPage(options = {}) {
    return this.openTab(await this.browser.newContext(options));
  }

  async openTab(context) {
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        page.complaints.push(`${message.type()}: ${message.text()}`);
      }
    });
    await page.goto(this.url);
    return page;
  }

  async strike() {
    await this.browser?.close();
    const broker = await this.brokerProgram?.stop();
    rmSync(this.directory, { recursive: true, force: true });
    return { broker };
  }

  // What the programs said, for a failed test.
  get logs() {
    return `broker:\n${this.brokerProgram?.output}`;
  }
}

export class ChatStage extends Stage {
  async startOthers() {
    await this.startBackend();
  }

  // The first time on any port, afterwards where the pages that are open find it again.
  async startBackend() {
    const readyFile = join(this.directory, 'backend.json');
    rmSync(readyFile, { force: true });
    this.backend = new Program(CHAT_BACKEND, [
      '--addr', this.addr ?? '127.0.0.1:0',
      '--ready-file', readyFile,
    ], { VHOST_URL: `http://wr:${this.token}@${this.broker.addr}/demo` });
    this.addr = (await this.backend.ready(readyFile)).addr;
    this.url = `http://${this.addr}/`;
  }

  async startWhatEnded() {
    await super.startWhatEnded();
    if (this.backend.hasEnded) await this.startBackend();
  }

  async strike() {
    await this.browser?.close(); // first: the backend waits for its connections
    const backend = await this.backend?.stop();
    return { backend, ...await super.strike() };
  }

  get logs() {
    return `${super.logs}\nbackend:\n${this.backend?.output}`;
  }
}
