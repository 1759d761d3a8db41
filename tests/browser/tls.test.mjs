// The library for pages on an encrypted page: from https: to wss:, all by the broker itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { Stage } from './support.mjs';

class TlsStage extends Stage {
  get brokerFlags() {
    const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => join(this.directory, name));
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate,
    ], { stdio: 'pipe', timeout: 30_000 });
    return ['--tls-cert', certificate, '--tls-key', key];
  }

  get origin() {
    return `https://${this.broker.addr}`;
  }
}

test('the script of a vhost comes by https: and talks by wss:', { timeout: 120_000 }, async (t) => {
  const stage = await TlsStage.set();
  t.after(() => stage.strike());
  stage.admin('add_channel', '/demo', 'room');

  // Nobody but the test trusts the certificate.
  const context = await stage.browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const sockets = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(`${stage.origin}/webrocket.js`); // any page of that origin will do
  await page.addScriptTag({ url: `${stage.origin}/demo/webrocket.js` });
  const said = await page.evaluate(() => new Promise((resolve) => {
    const room = $wr.join('room');
    const hello = room.event('hello');
    hello.on('received', resolve);
    hello.fire({ text: 'x'.repeat(20_000) });
  }));
  assert.deepEqual([said.channel, said.text.length], ['room', 20_000]);
  assert.deepEqual(sockets, [`wss://${stage.broker.addr}/demo`]);
});
