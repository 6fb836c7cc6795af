import { connect, createServer } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { readClientHello } from '../../../../src/proxy/client/tls/client-hello.ts';

/** Returns the first message that a client of node:tls sends. */
async function helloOf(options: { servername?: string; ALPNProtocols?: string[]; maxVersion?: 'TLSv1.2' }) {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => socket.on('error', () => {}).once('data', resolve));
  onTestFinished(() => void server.close());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  const client = connectSecurely({ socket: connect(port, '127.0.0.1'), ...options });
  client.on('error', () => {});
  onTestFinished(() => void client.destroy());
  return promise;
}

it('reads the server name and the protocols that a client offers', async () => {
  const hello = await helloOf({ servername: 'Acme.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(readClientHello(hello)).toEqual({ serverName: 'acme.example.com', protocols: ['h2', 'http/1.1'] });
});

it('reads a message of TLS 1.2 without name and protocols', async () => {
  expect(readClientHello(await helloOf({ maxVersion: 'TLSv1.2' }))).toEqual({ serverName: null, protocols: [] });
});

it('waits for the rest of a message that is cut off anywhere', async () => {
  const hello = await helloOf({ servername: 'acme.example.com' });
  for (let end = 0; end < hello.length; end += 1) expect(readClientHello(hello.subarray(0, end))).toBe('incomplete');
  expect(readClientHello(hello)).toMatchObject({ serverName: 'acme.example.com' });
});

it('joins a message from several records', async () => {
  const hello = await helloOf({ servername: 'acme.example.com' });
  const message = hello.subarray(5);
  const parts = [message.subarray(0, 3), message.subarray(3, 60), message.subarray(60)];
  const records = parts.map((part) =>
    Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]),
  );
  expect(readClientHello(Buffer.concat(records))).toMatchObject({ serverName: 'acme.example.com' });
});

it('leaves what it does not understand to OpenSSL, whatever byte is changed', async () => {
  const hello = await helloOf({ servername: 'acme.example.com', ALPNProtocols: ['h2'] });
  for (let at = 5; at < hello.length; at += 1) {
    for (const value of [0, 1, 127, 255]) {
      const changed = Buffer.from(hello);
      changed[at] = value;
      const read = readClientHello(changed);
      if (typeof read === 'string') expect(['unclear', 'incomplete']).toContain(read);
    }
  }
});

it('leaves a message that is longer than OpenSSL accepts', () => {
  const head = Buffer.from([22, 3, 1, 0x40, 0, 1, 0x01, 0, 0]);
  expect(readClientHello(Buffer.concat([head, Buffer.alloc(100)]))).toBe('unclear');
});

it.each(['GET / HTTP/1.1\r\n', 'SSH-2.0-OpenSSH_9\r\n', '\x16\x02'])('tells %j apart from a handshake', (text) => {
  expect(readClientHello(Buffer.from(text, 'latin1'))).toBe('other');
});
