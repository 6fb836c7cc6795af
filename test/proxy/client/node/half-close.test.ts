import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { halfClosed } from '../../../../src/proxy/client/node/half-close.ts';
import { Bench, readAll } from '../../support.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
  bench.stopTime();
});
afterEach(() => bench.close());

const ENDED_REQUESTS: readonly [string, string, RegExp][] = [
  ['GET', 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n', /^HTTP\/1\.1 200 .*Connection: close.*whole/s],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: acme.localhost\r\n\r\n', /^HTTP\/1\.1 200 .*whole/s],
  ['POST', 'POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 3\r\n\r\nabc', /^HTTP\/1\.1 200 .*abcwhole/s],
  [
    'POST in chunks',
    'POST / HTTP/1.1\r\nHost: acme.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    /^HTTP\/1\.1 200 .*abcwhole/s,
  ],
  ['bad request', 'GET / HTTP/1.1\r\nHost : acme.localhost\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['request that is cut off', 'GET / HTTP/1.1\r\nHost: ac', /^HTTP\/1\.1 400 /],
];
it.each(ENDED_REQUESTS)(
  'a client that closes its sending half with its request is answered: %s',
  async (_name, raw, answer) => {
    await bench.app('web:acme', (request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.once('end', () => response.end(`${body}whole`));
    });
    const socket = await bench.socket();
    const read = readAll(socket);
    socket.end(raw);
    expect(await read).toMatch(answer);
  },
);

it('a client that closes its sending half with its request is answered after a wake too', async () => {
  await bench.app('web:acme', (_request, response) => response.end('awake'));
  const woken = Promise.withResolvers<void>();
  bench.source.script.push((grant) => woken.promise.then(grant));
  const socket = await bench.socket();
  const read = readAll(socket);
  socket.end('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
  await once(socket, 'finish');
  woken.resolve();
  expect(await read).toMatch(/awake$/);
});

it('a client that closes its sending half in the middle of a body left', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: left, resolve } = Promise.withResolvers<void>();
  await bench.app('web:acme', (request) => {
    begin();
    request.once('close', resolve);
  });
  const socket = await bench.socket();
  const read = readAll(socket);
  socket.write('POST / HTTP/1.1\r\nHost: acme.localhost\r\nContent-Length: 30\r\n\r\nabc');
  await begun;
  socket.end();
  await left;
  expect(await read).toBe('');
});

it('a client that closes its sending half and takes no byte left after all', async () => {
  await bench.app('web:acme', () => {});
  const socket = await bench.socket();
  const read = readAll(socket);
  socket.end('GET / HTTP/1.1\r\nHost: acme.localhost\r\n\r\n');
  await bench.passIntervalsUntil(read);
  expect(await read).toBe('');
  await bench.source.leases[0]?.released;
});

describe('a connection that is half closed', () => {
  beforeEach(() => void vi.useFakeTimers());

  /** A fake of the part of a socket that is watched. */
  function fake() {
    const socket = {
      bytesWritten: 0,
      writableLength: 0,
      ended: [] as string[],
      onClose: () => {},
      destroy: () => void socket.ended.push('destroyed'),
      destroySoon: () => void socket.ended.push('ended'),
      once: (_event: string, listener: () => void) => {
        socket.onClose = listener;
      },
    };
    return socket;
  }

  it('closes when the half-close came after its request', () => {
    const socket = fake();
    halfClosed(socket as unknown as Socket, 51);
    expect(socket.ended).toEqual(['ended']);
  });

  it('stays while the client takes bytes, and not merely while bytes remain to be sent', () => {
    const socket = fake();
    halfClosed(socket as unknown as Socket, 50);
    for (let round = 0; round < 3; round += 1) {
      socket.bytesWritten += 10;
      vi.advanceTimersByTime(2000);
    }
    expect(socket.ended).toEqual([]);
    socket.bytesWritten += 10;
    socket.writableLength += 10;
    vi.advanceTimersByTime(2000);
    expect(socket.ended).toEqual(['destroyed']);
  });

  it('is no longer watched once it has closed', () => {
    const socket = fake();
    halfClosed(socket as unknown as Socket, 0);
    socket.onClose();
    expect(vi.getTimerCount()).toBe(0);
  });
});
