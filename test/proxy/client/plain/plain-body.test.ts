import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { beforeEach, expect, test } from 'vitest';
import { PlainBody } from '../../../../src/proxy/client/plain/plain-body.ts';

let reading: boolean[];
let socket: Socket;
beforeEach(() => {
  reading = [];
  socket = { pause: () => reading.push(false), resume: () => reading.push(true) } as unknown as Socket;
});

test('a body takes as many bytes as its length, and leaves the rest', async () => {
  const body = new PlainBody(socket, 5);
  expect(body.fill(Buffer.from('abc')).toString()).toBe('');
  expect(body.isWhole).toBe(false);
  expect(body.fill(Buffer.from('deGET')).toString()).toBe('GET');
  expect(body.isWhole).toBe(true);
  expect((await buffer(body)).toString()).toBe('abcde');
});

test('a body that nobody reads holds its client back, until someone reads it', async () => {
  const body = new PlainBody(socket, 200_000);
  body.fill(Buffer.alloc(100_000));
  expect(reading).toEqual([false]);
  const taken = buffer(body);
  await expect.poll(() => reading.at(-1)).toBe(true);
  body.fill(Buffer.alloc(100_000));
  expect(await taken).toHaveLength(200_000);
});
