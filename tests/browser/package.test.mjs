// The package that is made of broker/client: what is in it, and its types.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const { WEBROCKET_CLIENT, NPM } = process.env;

// All that the types promise, and what they refuse.
const PAGE = `
  import { WebRocket } from 'webrocket-client';
  import type { Channel, Disconnection, EventAccessor, Member, Received, WebRocketError } from 'webrocket-client';

  WebRocket.debug = true;
  const wr: WebRocket = new WebRocket('ws://broker/moon', { authURL: '/door', debug: false });
  new WebRocket(new URL('ws://broker/moon'));
  wr.on('connected', () => {}).on('disconnected', ({ clean, code }: Disconnection) => clean || code);
  wr.on('error', async ({ code, status, httpStatus }: WebRocketError) => [code, status, httpStatus]);
  wr.off('error').off('connected', () => {});
  wr.authenticate();
  wr.authenticate({ room: 5, name: 'x' }, '/other');
  wr.authenticate(new URLSearchParams('a=b'));
  const sid: string | null = wr.sid;
  interface Named { name: string }
  const ann: Named = { name: 'Ann' };
  const channel: Channel = wr.join('presence-moon', ann, { hidden: true });
  channel.on('subscribed', (members: Member[]) => members.length).on('unsubscribed', () => {});
  channel.on('online', ({ uid, name }) => [uid, name]).on('offline', (member) => member.uid);
  channel.on('received', (event: string, data: Received) => [event, data.sid, data.text]);
  const names: string[] = Object.values(channel.subscribers).map(({ uid }) => uid);
  const uid: string | null = channel.uid;
  const say: EventAccessor = channel.event('say').on('received', ({ text }) => text);
  say.fire({ text: 'x' });
  say.fire();
  channel.leave({ message: 'bye' });
  wr.fire('chat/save', { n: 1 });
  wr.disconnect();
  wr.reconnect();
  wr.reconnectAfter(5000);
  export { sid, names, uid };

  // @ts-expect-error
  new WebRocket();
  // @ts-expect-error
  wr.on('conected', () => {});
  // @ts-expect-error
  wr.on('connected', 5);
  // @ts-expect-error
  wr.join(5);
  // @ts-expect-error
  wr.join('moon', 'data');
  // @ts-expect-error
  channel.on('connected', () => {});
  // @ts-expect-error
  say.fire('text');
  // @ts-expect-error
  wr.reconnectAfter('soon');
  // @ts-expect-error
  wr.sid = 'mine';
  // @ts-expect-error
  channel.trigger('x');
`;

let project; // of somebody who has installed the package

function run(program, ...words) {
  try {
    return execFileSync(program, words, { cwd: project, encoding: 'utf8', timeout: 120_000 });
  } catch (failure) {
    throw new Error(`${words.join(' ')}:\n${failure.stdout}${failure.stderr}`);
  }
}

before(() => {
  project = mkdtempSync(join(tmpdir(), 'kosmonaut-package-'));
  const source = join(project, 'source');
  const installed = join(project, 'node_modules/webrocket-client');
  cpSync(WEBROCKET_CLIENT, source, { recursive: true });
  mkdirSync(installed, { recursive: true });
  run(NPM, 'pack', source, '--offline', '--silent', '--cache', join(project, 'cache'));
  run('tar', 'xzf', readdirSync(project).find((name) => name.endsWith('.tgz')), '-C', installed,
    '--strip-components=1');
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
});

after(() => rmSync(project, { recursive: true, force: true }));

test('it holds the library, its types and its licence', () => {
  const files = readdirSync(join(project, 'node_modules/webrocket-client'));
  assert.deepEqual(files.sort(), ['LICENSE', 'README.md', 'channel.js', 'emitter.js', 'package.json', 'roster.js',
    'values.js', 'webrocket.d.ts', 'webrocket.js']);
  const { dependencies } = JSON.parse(readFileSync(join(project, 'node_modules/webrocket-client/package.json')));
  assert.equal(dependencies, undefined);
});

test('a bundler, or a server that renders pages, can import it', () => {
  const program = "import { WebRocket } from 'webrocket-client'; console.log(typeof WebRocket, WebRocket.debug)";
  assert.equal(run(process.execPath, '--input-type=module', '-e', program), 'function false\n');
});

test('its types allow what is promised, and nothing else', () => {
  writeFileSync(join(project, 'page.ts'), PAGE);
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  run(process.execPath, tsc, '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom',
    '--module', 'nodenext', 'page.ts');
});
