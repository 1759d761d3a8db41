// A broker that says whatever a test makes it say, over real sockets.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// A browser's connection. `heard` is what it sent, as far as that was short texts.
class Connection {
  heard = [];

  constructor(socket) {
    this.socket = socket;
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let frame = this.#read(rest); frame; frame = this.#read(rest)) {
        rest = rest.subarray(frame.length);
        if (frame.opcode === 1) this.heard.push(frame.text);
        if (frame.opcode === 8) socket.end();
      }
    });
  }

  #read(bytes) {
    const size = bytes[1] & 0x7f;
    if (bytes.length < 6 + size || size > 125) return null;
    const mask = bytes.subarray(2, 6);
    const text = bytes.subarray(6, 6 + size).map((byte, i) => byte ^ mask[i % 4]).toString();
    return { opcode: bytes[0] & 0x0f, text, length: 6 + size };
  }

  #send(opcode, payload) {
    const size = payload.length;
    const head = size < 126 ? Buffer.from([0x80 | opcode, size])
      : Buffer.from([0x80 | opcode, 126, size >> 8, size & 0xff]);
    this.socket.write(Buffer.concat([head, payload]));
  }

  say(text) {
    this.#send(1, Buffer.from(text));
  }

  sayBytes(bytes) {
    this.#send(2, Buffer.from(bytes));
  }

  hangUp() {
    this.socket.destroy();
  }
}

export class BadBroker {
  connections = [];

  // Calls `greet` with each connection.
  static async start(greet) {
    const broker = new BadBroker();
    broker.server = createServer((request, response) => response.writeHead(404).end());
    broker.server.on('upgrade', (request, socket) => {
      const key = createHash('sha1').update(request.headers['sec-websocket-key'] + MAGIC).digest('base64');
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        + `Sec-WebSocket-Accept: ${key}\r\n\r\n`);
      const connection = new Connection(socket);
      broker.connections.push(connection);
      greet(connection);
    });
    await new Promise((resolve) => broker.server.listen(0, '127.0.0.1', resolve));
    broker.url = `ws://127.0.0.1:${broker.server.address().port}/moon`;
    return broker;
  }

  async stop() {
    for (const connection of this.connections) connection.hangUp();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
