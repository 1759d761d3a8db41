// How processes end, and what happens in those that are forked. Each program runs by itself.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Broker, runProgram, waitUntil } from './support.js';

const LIMIT = { timeout: 60_000 };

let broker;
let vhost;
let count = 0;

before(async () => {
  broker = await Broker.start();
});

after(async () => {
  await broker.close();
});

beforeEach(async () => {
  count += 1;
  vhost = await broker.vhost(`process${count}`);
});

const BEGIN = `
  import { Client, Worker, WorkerState } from './index.js';
  const url = process.env.VHOST;
  const worker = new Worker(url);
  worker.handle('chat/*', (event) => console.log(event.topic));
  const isConnected = async () => {
    while (worker.state !== WorkerState.CONNECTED) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log('connected');
  };
`;

function run(source, options = {}) {
  return runProgram(BEGIN + source, { environment: { VHOST: vhost.url }, ...options });
}

async function prints(output, text) {
  await waitUntil(() => output.stdout.includes(text), `'${text}' to be printed`);
}

test('process.exit() ends a process whose worker waits', LIMIT, async () => {
  const { status, stderr } = await run(`
    worker.start();
    await isConnected();
    process.exit(7);
  `);
  assert.equal(stderr, '');
  assert.equal(status, 7);
});

// The wait has a second to go. That the machine was busy must not count: one quick end is enough.
test('and does so at once', LIMIT, async () => {
  let took = Infinity;
  for (let n = 0; n < 10 && took >= 900; n += 1) {
    const { status, stdout } = await run(`
      worker.start();
      await isConnected();
      const begin = Date.now();
      process.on('exit', () => console.log('exiting', begin));
      setImmediate(() => process.exit(0));
    `);
    took = Date.now() - Number(/exiting (\d+)/.exec(stdout)[1]);
    assert.equal(status, 0);
  }
  assert.ok(took < 900, `${took} ms, and never less`);
});

test('process.exit() ends a process in the middle of a request and of events', LIMIT, async () => {
  const { status, stderr } = await run(`
    const client = new Client('http://wr:' + '0'.repeat(40) + '@192.0.2.1:9/moon');
    client.openChannel('greetings').catch(() => {});
    worker.on('event', () => process.exit(3));
    worker.start();
    await isConnected();
  `, {
    interact: async (program, output) => {
      await prints(output, 'connected');
      const browser = await vhost.browser('alice');
      for (let n = 0; n < 1000; n += 1) browser.trigger('chat/save', { n });
      await waitUntil(() => program.exitCode !== null);
      browser.close();
    },
  });
  assert.equal(stderr, '');
  assert.equal(status, 3);
});

test('a process ends by itself when its handles are closed', LIMIT, async () => {
  const { status, stderr, stdout } = await run(`
    const client = new Client(url);
    await client.openChannel('greetings');
    await client.trigger('greetings', 'hello');
    worker.start();
    await isConnected();
    await worker.close();
    console.log('closed');
  `);
  assert.equal(stderr, '');
  assert.equal(stdout, 'connected\nclosed\n');
  assert.equal(status, 0);
});

test('a worker that waits keeps its process, an unreferenced one does not', LIMIT, async () => {
  const { status, stdout } = await run(`
    worker.start();
    await isConnected();
    setTimeout(() => {
      console.log('still there');
      worker.unref();
    }, 1500);
  `);
  assert.equal(stdout, 'connected\nstill there\n');
  assert.equal(status, 0);
});

test('an unreferenced worker receives as long as something else keeps the process', LIMIT,
  async () => {
    const { status, stdout } = await run(`
      worker.unref().start();
      const other = setInterval(() => {}, 1000);
      process.on('SIGUSR2', () => clearInterval(other));
      await isConnected();
    `, {
      interact: async (program, output) => {
        await prints(output, 'connected');
        const browser = await vhost.browser('alice');
        for (let n = 0; n < 3; n += 1) {
          browser.trigger('chat/save');
          await waitUntil(() => output.stdout.split('chat/save').length === n + 2);
        }
        browser.close();
        program.kill('SIGUSR2');
      },
    });
    assert.match(stdout, /connected\n(chat\/save\n){3}/);
    assert.equal(status, 0);
  });

test('unref() is taken back', LIMIT, async () => {
  const { signal } = await run(`
    worker.unref().start();
    await new Promise((resolve) => setTimeout(resolve, 100));
    worker.ref();
    setTimeout(() => {
      console.log('there');
    }, 1000).unref();
  `, {
    interact: async (program, output) => {
      await prints(output, 'there');
      program.kill('SIGKILL');
    },
  });
  assert.equal(signal, 'SIGKILL');
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal} ends a process whose worker waits`, LIMIT, async () => {
    const ended = await run(`
      worker.start();
      await isConnected();
    `, {
      interact: async (program, output) => {
        await prints(output, 'connected');
        program.kill(signal);
      },
    });
    assert.equal(ended.signal, signal);
  });

  test(`${signal} is heard by a listener, which closes`, LIMIT, async () => {
    const { status, stderr, stdout } = await run(`
      process.once('${signal}', () => worker.close());
      const running = worker.run();
      await isConnected();
      await running;
      console.log('over');
    `, {
      interact: async (program, output) => {
        await prints(output, 'connected');
        program.kill(signal);
      },
    });
    assert.equal(stderr, '');
    assert.equal(stdout, 'connected\nover\n');
    assert.equal(status, 0);
  });
}

test('an exception in a handler without \'error\' listener ends the process, in JavaScript', LIMIT,
  async () => {
    const { status, stderr } = await run(`
      worker.handle('chat/save', () => {
        throw new RangeError('nobody listens');
      });
      worker.start();
      await isConnected();
    `, {
      interact: async (program, output) => {
        await prints(output, 'connected');
        (await vhost.browser('alice')).trigger('chat/save');
      },
    });
    assert.equal(status, 1);
    assert.match(stderr, /RangeError: nobody listens/);
  });

test('a wait leaves the other threads of the pool alone', LIMIT, async () => {
  const { status, stdout } = await run(`
    import fs from 'node:fs/promises';
    const workers = [worker];
    for (let n = 0; n < 15; n += 1) workers.push(new Worker(url));
    for (const each of workers) each.start();
    await isConnected();
    // More often than all slices of all waits would let it in a test's time.
    for (let n = 0; n < 200; n += 1) await fs.readFile('package.json');
    console.log('free');
    for (const each of workers) await each.close();
  `, { environment: { VHOST: vhost.url, UV_THREADPOOL_SIZE: '2' } });
  assert.match(stdout, /free/);
  assert.equal(status, 0);
});

test('threads of node:worker_threads leave the pool to others', LIMIT, async () => {
  const { status, stdout, stderr } = await run(`
    import fs from 'node:fs/promises';
    import { Worker as Thread } from 'node:worker_threads';
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads');
      (async () => {
        const { Worker } = await import(workerData.module);
        const worker = new Worker(workerData.url);
        worker.on('event', () => {}).start();
        while (worker.state !== 2) await new Promise((resolve) => setTimeout(resolve, 10));
        parentPort.postMessage('ready');
      })();
    \`;
    const module = new URL('index.js', 'file://' + process.cwd() + '/').href;
    const threads = [1, 2, 3].map(() => new Thread(source,
      { eval: true, execArgv: [], workerData: { url, module } }));
    await worker.close();
    await Promise.all(threads.map((thread) => new Promise((resolve) => {
      thread.once('message', resolve);
    })));
    // One thread is all that the pool has: were it taken for a second by each wait, so many reads
    // would take minutes.
    for (let n = 0; n < 200; n += 1) await fs.readFile('package.json');
    console.log('read');
    await Promise.all(threads.map((thread) => thread.terminate()));
  `, { environment: { VHOST: vhost.url, UV_THREADPOOL_SIZE: '1' } });
  assert.equal(stderr, '');
  assert.equal(stdout, 'read\n');
  assert.equal(status, 0);
});

test('a thread of node:worker_threads has workers of its own, and can be terminated', LIMIT,
  async () => {
    const { status, stdout, stderr } = await run(`
      import { Worker as Thread } from 'node:worker_threads';
      const source = \`
        const { parentPort, workerData } = require('node:worker_threads');
        (async () => {
          const { Worker } = await import(workerData.module);
          const worker = new Worker(workerData.url);
          worker.on('event', (event) => parentPort.postMessage(event.topic)).start();
          while (worker.state !== 2) await new Promise((resolve) => setTimeout(resolve, 10));
          parentPort.postMessage('ready');
        })();
      \`;
      const module = new URL('index.js', 'file://' + process.cwd() + '/').href;
      const thread = new Thread(source,
        { eval: true, execArgv: [], workerData: { url, module } });
      thread.on('message', async (message) => {
        console.log('thread', message);
        if (message !== 'ready') console.log('terminated', await thread.terminate());
      });
    `, {
      interact: async (program, output) => {
        await prints(output, 'thread ready');
        (await vhost.browser('alice')).trigger('chat/save');
      },
    });
    assert.equal(stderr, '');
    assert.equal(stdout, 'thread ready\nthread chat/save\nterminated 1\n');
    assert.equal(status, 0);
  });
