/** Bodies of many tenants at once, read fast and slowly: every byte arrives where it belongs. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Bench } from './support.ts';

/** The test takes seconds on an idle machine. */
const PATIENCE_MS = 180_000;

const TENANTS = 8;
const ROUNDS = 2;
const WORDS = 1_500_000;

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench.close());

/** No two places in the body are alike, nor two bodies of different tenants. */
function bodyOf(tenant: number): Buffer {
  const words = Uint32Array.from({ length: WORDS }, (_, index) => index * 16 + tenant);
  return Buffer.from(words.buffer);
}

/** Reads a part, and gives way to others now and then. */
async function readSlowly(response: IncomingMessage, pauses: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) {
    parts.push(part);
    for (let pause = 0; pause < pauses; pause += 1) await turn();
  }
  return Buffer.concat(parts);
}

test(
  'large bodies, whole and chunked, keep their bytes while others are read into the same memory',
  async () => {
    const bodies = Array.from({ length: TENANTS }, (_, tenant) => bodyOf(tenant));
    for (const [tenant, body] of bodies.entries()) {
      await bench.app(`web:t${tenant}`, (request, response) => {
        if (request.url === '/small') return void response.end(body.subarray(0, 1000));
        if (request.url === '/whole') return void response.setHeader('content-length', body.length).end(body);
        // Parts of odd sizes, so that they end anywhere in a read.
        for (let at = 0; at < body.length; at += 70_001) response.write(body.subarray(at, at + 70_001));
        response.end();
      });
    }
    const fetched = async (tenant: number, path: string, pauses: number) => {
      const request = bench.request({ path, headers: { host: `t${tenant}.localhost` } });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      return readSlowly(response, pauses);
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      const all = bodies.flatMap((body, tenant) => [
        fetched(tenant, '/whole', (tenant + round) % 4).then((got) => got.equals(body)),
        fetched(tenant, '/chunked', (tenant + round) % 3).then((got) => got.equals(body)),
        fetched(tenant, '/small', 0).then((got) => got.equals(body.subarray(0, 1000))),
      ]);
      expect(await Promise.all(all)).toEqual(all.map(() => true));
    }
  },
  PATIENCE_MS,
);

test('large bodies that wait on a pipelined connection keep their bytes', async () => {
  const body = bodyOf(1);
  await bench.app('web:acme', (_request, response) => {
    response.setHeader('content-length', body.length).end(body);
  });
  const socket = await bench.socket();
  const get = 'GET / HTTP/1.1\r\nHost: acme.localhost\r\n';
  socket.write(`${get}\r\n${get}\r\n${get}Connection: close\r\n\r\n`);
  const got = await buffer(socket);
  let at = 0;
  for (let answer = 0; answer < 3; answer += 1) {
    at = got.indexOf('\r\n\r\n', at) + 4;
    expect(got.subarray(at, at + body.length).equals(body)).toBe(true);
    at += body.length;
  }
  expect(at).toBe(got.length);
});
