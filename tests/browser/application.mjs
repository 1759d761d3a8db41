// What a page has besides the broker: an application, which serves the page and gives out tokens.
import { createServer } from 'node:http';

// Chromium asks for an icon, and complains when there is none.
const HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">';

export class Application {
  html = ''; // of the page
  tokensAskedFor = []; // the query of each request for a token
  // What is answered to one: {status, body}, or a promise of it.
  authenticate = (query) => this.giveToken(query.get('uid'), query.get('channels') ?? '.*');

  static async start() {
    const application = new Application();
    application.server = createServer((request, response) => application.answer(request, response));
    await new Promise((resolve) => application.server.listen(0, '127.0.0.1', resolve));
    application.url = `http://127.0.0.1:${application.server.address().port}/`;
    return application;
  }

  // A test's pages may be whoever they say; in the world the application knows its users.
  async giveToken(uid, channels) {
    const query = new URLSearchParams({ uid, channels });
    const headers = { Authorization: `Basic ${btoa(`wr:${this.vhost.token}`)}` };
    const response = await fetch(`http://${this.vhost.addr}${this.vhost.path}/token?${query}`, { headers });
    return { status: response.status, body: await response.text() };
  }

  async answer(request, response) {
    const url = new URL(request.url, this.url);
    if (url.pathname === '/') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(HEAD + this.html);
      return;
    }
    this.tokensAskedFor.push(url.search);
    const { status, body } = await this.authenticate(url.searchParams, url.pathname);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(body);
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
