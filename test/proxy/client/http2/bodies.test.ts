import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FIRST_WINDOW_BYTES } from '../../../../src/proxy/client/http2/upload-windows.ts';
import { echo, pour } from '../../support.ts';
import { CODE, type Fields, FLAG, FRAME, frame, GET, type RawHttp2, uint32 } from './raw-http2.ts';
import { answerOf, request, SecureBench, type SecureBenchOptions } from './support.ts';

const MB = 1024 * 1024;
const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];
const OF_BETA: Fields = [...GET.slice(0, 3), [':authority', 'beta.localhost']];

async function open(options: SecureBenchOptions = {}): Promise<SecureBench> {
  const secure = await SecureBench.open(options);
  onTestFinished(secure.close);
  return secure;
}

/** Serves acme with an application that notices the beginning and the end of a body. */
async function watchBodies(secure: SecureBench) {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: outcome, resolve } = Promise.withResolvers<string>();
  await secure.bench.app('web:acme', (message) => {
    message.on('error', () => {}).once('data', () => begin());
    message.once('end', () => resolve('complete')).once('aborted', () => resolve('broken off'));
  });
  return { begun, outcome };
}

/** Settles the next claim only when it is called. */
function hold(secure: SecureBench): () => void {
  const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
  secure.bench.source.script.push(async (grant) => {
    await awake;
    return grant();
  });
  return wake;
}

describe('a body', () => {
  test('of any size arrives unchanged, in both directions', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', (message, response) => message.pipe(response));
    const session = await secure.connect();
    const sent = createHash('sha256');
    const got = createHash('sha256');
    const both = session.request({ ':method': 'POST', ':path': '/', ':authority': 'acme.localhost' });
    both.on('data', (part: Buffer) => got.update(part));
    for (let index = 0; index < 200; index += 1) {
      const part = Buffer.alloc(50_000 + index, index);
      sent.update(part);
      if (!both.write(part)) await once(both, 'drain');
    }
    both.end();
    await once(both, 'end');
    expect(got.digest('hex')).toBe(sent.digest('hex'));
  });

  test('in parts of any size arrives whole at a tenant that was asleep', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const wake = hold(secure);
    const client = await secure.raw();
    client.request(1, POST, FLAG.endHeaders);
    let sent = '';
    for (let index = 0; index < 3000; index += 1) {
      const part = String(index).repeat(index % 500 === 0 ? 500 : 1);
      sent += part;
      client.send(FRAME.data, 0, 1, Buffer.from(part));
    }
    client.send(FRAME.data, FLAG.endStream, 1);
    await client.settled();
    wake();
    const { payload } = await client.frame(FRAME.data, 1);
    await expect.poll(() => client.received.findLast(({ type }) => type === FRAME.data)?.flags).toBe(FLAG.endStream);
    expect(payload.length).toBeGreaterThan(0);
    const text = Buffer.concat(client.received.filter(({ type }) => type === FRAME.data).map((one) => one.payload));
    expect(JSON.parse(text.toString()).body).toBe(sent);
  });

  test('of which a byte a frame arrives takes no more memory than its bytes, until it is read', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    hold(secure);
    const client = await secure.raw();
    client.request(1, POST, FLAG.endHeaders);
    await client.settled();
    const parts = Buffer.concat(Array.from({ length: 6000 }, () => frame(FRAME.data, 0, 1, Buffer.from('x'))));
    const before = held();
    for (let part = 0; part < 10; part += 1) client.socket.write(parts);
    await client.settled();
    // Each of 60,000 buffers would take 100 bytes.
    expect(held() - before).toBeLessThan(2 * MB);
  });

  test('of which a part arrives with much else does not keep that in memory', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    const before = heldInBuffers();
    for (let stream = 1; stream < 9; stream += 2) {
      hold(secure);
      client.request(stream, POST, FLAG.endHeaders);
      const record = [frame(FRAME.data, 0, stream, Buffer.alloc(1100)), frame(0xee, 0, 0, Buffer.alloc(15_000))];
      for (let part = 0; part < 58; part += 1) {
        client.socket.write(Buffer.concat(record));
        await client.drained();
      }
    }
    await client.settled();
    // The bodies are 256 KB, the records that they arrived in 3.8 MB.
    await expect.poll(() => heldInBuffers() - before).toBeLessThan(1 * MB);
  });

  test.each([
    ['CANCEL', CODE.cancel],
    ['NO_ERROR', CODE.none],
  ])('that its client breaks off with %s does not look complete to the tenant', async (_name, code) => {
    const secure = await open();
    const { begun, outcome } = await watchBodies(secure);
    const client = await secure.raw();
    client.request(1, POST, FLAG.endHeaders);
    client.send(FRAME.data, 0, 1, Buffer.from('the beginning'));
    await begun;
    client.send(FRAME.reset, 0, 1, uint32(code));
    expect(await outcome).toBe('broken off');
    expect(secure.bench.source.leases[0]?.releases).toBe(1);
  });

  test('of HEAD that its client breaks off does not look complete either', async () => {
    const secure = await open();
    const { begun, outcome } = await watchBodies(secure);
    const client = await secure.raw();
    client.request(1, [[':method', 'HEAD'], ...GET.slice(1)], FLAG.endHeaders);
    client.send(FRAME.data, 0, 1, Buffer.from('the beginning'));
    await begun;
    client.send(FRAME.reset, 0, 1, uint32(CODE.none));
    expect(await outcome).toBe('broken off');
  });

  test('that does not have its length is refused', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.request(1, [...POST, ['content-length', '10']], FLAG.endHeaders);
    client.send(FRAME.data, FLAG.endStream, 1, Buffer.from('short'));
    expect(await client.resetOf(1)).toBe(CODE.protocol);
    // This one ends the connection.
    client.request(3, [...POST, ['content-length', '3']], FLAG.endHeaders);
    client.send(FRAME.data, FLAG.endStream, 3, Buffer.from('too long'));
    expect(await client.goneWith()).not.toBe(CODE.none);
    expect(secure.bench.source.traffic.ingressBytes).toBeLessThan(1000);
  });
});

describe('a client that does not read', () => {
  test('makes a tenant wait, on a hundred streams as on one', async () => {
    const secure = await open();
    const poured: { sent: number }[] = [];
    await secure.bench.app('web:acme', (_message, response) => void poured.push(pour(response, 100 * MB)));
    const session = await secure.connect();
    const streams = Array.from({ length: 100 }, () => request(session));
    await Promise.all(streams.map((stream) => once(stream, 'response')));
    const total = () => poured.reduce((sum, { sent }) => sum + sent, 0);
    const stood = await secure.bench.standstill(total);
    // Buffers of the kernel, of the proxy, and the window of the client.
    expect(stood / 100).toBeLessThan(1 * MB);
    for (const stream of streams) stream.close(CODE.cancel);
    await expect.poll(() => secure.bench.source.leases.every(({ releases }) => releases === 1)).toBe(true);
  });

  test('is cut off in the middle of a response, and others on its connection are not', async () => {
    const secure = await open({ limits: { bodyIdleTimeoutMs: 300 } });
    await secure.bench.app('web:acme', (_message, response) => void pour(response, 100 * MB));
    await secure.bench.app('web:beta', echo);
    const client = await secure.raw();
    client.request(1);
    expect(await client.resetOf(1)).toBe(CODE.internal);
    client.request(3, OF_BETA);
    await client.frame(FRAME.headers, 3);
  });

  test('is cut off at the end of a response that has been written', async () => {
    const secure = await open({ limits: { bodyIdleTimeoutMs: 300, headerTimeoutMs: 100 } });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.send(FRAME.settings, 0, 0, noWindow());
    client.request(1);
    await client.frame(FRAME.headers, 1);
    expect(await client.resetOf(1)).toBe(CODE.internal);
    expect(client.received.filter(({ type }) => type === FRAME.data)).toEqual([]);
  });

  test('gets the rest when it reads in time', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.send(FRAME.settings, 0, 0, noWindow());
    client.request(1);
    await client.frame(FRAME.headers, 1);
    await client.settled();
    client.send(FRAME.window, 0, 1, uint32(50_000));
    expect((await client.frame(FRAME.data, 1)).payload.length).toBeGreaterThan(0);
  });
});

describe('a client that sends slowly', () => {
  test('gets 408 when no byte of its body arrives', async () => {
    const secure = await open({ limits: { bodyIdleTimeoutMs: 300 } });
    await secure.bench.app('web:acme', echo);
    const session = await secure.connect();
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'acme.localhost' });
    stream.write('begun');
    expect((await answerOf(stream)).status).toBe(408);
  });

  test('sends no more than a window before its tenant is awake', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', (message, response) => {
      let bytes = 0;
      message.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      message.on('end', () => response.end(String(bytes)));
    });
    const wake = hold(secure);
    const session = await secure.connect();
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'acme.localhost' });
    pour(stream, 5 * MB);
    await expect.poll(() => windowLeft(stream)).toBe(0);
    await secure.bench.standstill(() => windowLeft(stream));
    wake();
    expect((await answerOf(stream)).body).toBe(String(5 * MB));
  });
});

describe('an upload', () => {
  /** Sends a body until its window is larger than the first. */
  async function grow(client: RawHttp2, stream: number): Promise<void> {
    client.request(stream, POST, FLAG.endHeaders);
    while (windowOf(client) <= FIRST_WINDOW_BYTES) {
      client.send(FRAME.data, 0, stream, Buffer.alloc(16_000));
      await client.settled();
    }
  }

  test('gets a larger window when its tenant reads it', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', (message) => void message.resume());
    const client = await secure.raw();
    await grow(client, 1);
    expect(windowOf(client)).toBe(FIRST_WINDOW_BYTES + 4 * MB);
  });

  test('of a client that ignores its windows is cut off before all of them hold more than the budget', async () => {
    // 512 KiB for larger windows, of which a connection gets 64, and as much for what exceeds them.
    const secure = await open({ limits: { processes: 64 } });
    await secure.bench.app('web:acme', (message) => void message.resume());
    const client = await secure.raw();
    await grow(client, 1);
    // From now on its window is 128 KiB for each stream, whatever the server says.
    client.acknowledges = false;
    const before = held();
    const body = Buffer.concat(Array.from({ length: 7 }, () => Buffer.alloc(16_000)));
    for (let stream = 3; stream < 3 + 2 * 100; stream += 2) {
      hold(secure);
      client.request(stream, POST, FLAG.endHeaders);
      for (let at = 0; at < body.length; at += 16_000) {
        client.send(FRAME.data, 0, stream, body.subarray(at, at + 16_000));
        await client.drained();
      }
    }
    await client.settled();
    const resets = client.received.filter(({ type }) => type === FRAME.reset);
    expect(new Set(resets.map(({ payload }) => payload.readUInt32BE(0)))).toEqual(new Set([CODE.calm]));
    // Of 46 KB beyond the first window, 12 streams have room in 576 KiB.
    expect(resets.length).toBeGreaterThanOrEqual(100 - 13);
    await expect.poll(() => held() - before).toBeLessThan(100 * FIRST_WINDOW_BYTES + 2 * MB);
    // The others go on: nothing else is cut off, and the first upload has its window.
    client.send(FRAME.data, 0, 1, Buffer.alloc(16_000));
    expect(await client.settled()).toBe(null);
  });
});

/** Returns the size of windows that the server announced last (SETTINGS_INITIAL_WINDOW_SIZE). */
function windowOf(client: RawHttp2): number {
  for (const { type, payload } of client.received.toReversed()) {
    for (let at = 0; type === FRAME.settings && at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === 4) return payload.readUInt32BE(at + 2);
    }
  }
  return 0;
}

function windowLeft(stream: ClientHttp2Stream): number {
  return (stream.state as { localWindowSize?: number; remoteWindowSize?: number }).remoteWindowSize ?? 0;
}

/** SETTINGS_INITIAL_WINDOW_SIZE of 0. */
function noWindow(): Buffer {
  return Buffer.from([0, 4, 0, 0, 0, 0]);
}

/** Bytes on the heap and beside it that are in use. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function heldInBuffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
