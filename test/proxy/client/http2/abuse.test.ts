import { describe, expect, onTestFinished, test } from 'vitest';
import { echo, pour } from '../../support.ts';
import { CODE, type Fields, FLAG, FRAME, frame, GET, integer, literal, type RawHttp2, uint32 } from './raw-http2.ts';
import { answerOf, request, SecureBench, type SecureBenchOptions } from './support.ts';

async function open(options: SecureBenchOptions = {}): Promise<SecureBench> {
  const secure = await SecureBench.open(options);
  onTestFinished(secure.close);
  return secure;
}

/** Sends as fast as the socket takes it, until the connection closes or `times` are sent. Returns how often it sent. */
async function flood(client: RawHttp2, times: number, part: (index: number) => Buffer): Promise<number> {
  const { socket } = client;
  for (let index = 0; index < times; index += 1) {
    if (!socket.writable) return index;
    if (!socket.write(part(index))) await client.drained();
  }
  return times;
}

/** Expects that another client is served. */
async function expectService(secure: SecureBench): Promise<void> {
  const session = await secure.connect();
  expect((await answerOf(request(session))).status).toBe(200);
}

describe('a client that resets its requests', () => {
  test('at once loses its connection, and costs its tenant a bounded number of requests (CVE-2023-44487)', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    await flood(client, 20_000, (index) =>
      Buffer.concat([
        frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 2 * index + 1, literal(GET)),
        frame(FRAME.reset, 0, 2 * index + 1, uint32(CODE.cancel)),
      ]),
    );
    expect(await client.goneWith()).toBe(CODE.calm);
    expect(secure.bench.source.leases.length).toBeLessThan(1500);
    expect(secure.bench.source.leases.every(({ releases }) => releases === 1)).toBe(true);
    await expectService(secure);
  });

  test('by making the proxy reset them loses its connection, too (CVE-2025-8671)', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', () => {});
    const client = await secure.raw();
    await flood(client, 20_000, (index) =>
      Buffer.concat([
        frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 2 * index + 1, literal(GET)),
        frame(FRAME.window, 0, 2 * index + 1, uint32(2 ** 31 - 1)),
      ]),
    );
    await client.goneWith();
    expect(secure.bench.source.leases.length).toBeLessThan(1500);
    await expect.poll(() => secure.bench.source.leases.every(({ releases }) => releases === 1)).toBe(true);
  });
});

describe('a flood of frames', () => {
  const floods: [name: string, part: Buffer][] = [
    ['PING', frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', frame(FRAME.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))],
    ['PRIORITY', frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 0, 16]))],
    ['WINDOW_UPDATE', frame(FRAME.window, 0, 0, uint32(1))],
    ['an unknown type', frame(0xee, 0, 0, Buffer.alloc(8))],
    ['RST_STREAM', frame(FRAME.reset, 0, 1, uint32(8))],
  ];

  test.each(floods)('of %s ends with the connection', async (_name, part) => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.request(1);
    await client.frame(FRAME.data, 1);
    const parts = Buffer.concat(Array.from({ length: 1000 }, () => part));
    await flood(client, 5000, () => parts);
    await client.goneWith();
    await expectService(secure);
  });

  test('of empty DATA frames ends with the connection', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.request(1, POST, FLAG.endHeaders);
    await flood(client, 100_000, () => frame(FRAME.data, 0, 1));
    await client.goneWith();
    await expectService(secure);
  });

  test('of CONTINUATION frames ends with the connection (CVE-2024-27316)', async () => {
    const secure = await open();
    const client = await secure.raw();
    client.request(1, GET, FLAG.endStream);
    const part = frame(FRAME.continuation, 0, 1, literal([['x-filler', 'x'.repeat(1000)]]));
    expect(await flood(client, 20_000, () => part)).toBeLessThan(20_000);
    await client.goneWith();
  });
});

describe('a head that is too large', () => {
  const limits = { maxHeaderBytes: 8192 };
  const filler = (bytes: number): Fields => [...GET, ['x-filler', 'x'.repeat(bytes)]];

  test('gets 431, and its connection serves others', async () => {
    const secure = await open({ limits });
    await secure.bench.app('web:acme', echo);
    const session = await secure.connect();
    const answer = await answerOf(request(session, { 'x-filler': 'x'.repeat(8200) }));
    expect(answer.status).toBe(431);
    expect(JSON.parse(answer.body).code).toBe('headers_too_large');
    expect((await answerOf(request(session, { 'x-filler': 'x'.repeat(7900) }))).status).toBe(200);
    expect(secure.bench.source.leases).toHaveLength(1);
  });

  test('far beyond the limit is not read to its end', async () => {
    const secure = await open({ limits });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    const head = literal(filler(120_000));
    client.send(FRAME.headers, FLAG.endStream, 1, head.subarray(0, 16_000));
    for (let at = 16_000; at < head.length; at += 16_000) {
      const isLast = at + 16_000 >= head.length;
      client.send(FRAME.continuation, isLast ? FLAG.endHeaders : 0, 1, head.subarray(at, at + 16_000));
    }
    await client.goneWith();
    expect(secure.bench.source.leases).toHaveLength(0);
  });

  test('that expands a thousandfold (HPACK bomb) is refused', async () => {
    const secure = await open({ limits });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    await storeBomb(client);
    const before = process.memoryUsage().rss;
    for (let stream = 3; stream < 203; stream += 2) sendBomb(client, stream);
    expect(await client.resetOf(3)).toBe(CODE.calm);
    await client.settled();
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    expect(secure.bench.source.leases).toHaveLength(1);
    await expectService(secure);
  });

  test('again and again ends with the connection', async () => {
    const secure = await open({ limits });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    await storeBomb(client);
    for (let stream = 3; stream < 43; stream += 2) sendBomb(client, stream);
    expect(await client.goneWith()).toBe(CODE.calm);
  });
});

describe('a client that floods nothing keeps its connection', () => {
  test('when it leaves out numbers of streams', async () => {
    const secure = await open({ limits: { headerTimeoutMs: 100 } });
    await secure.bench.app('web:acme', echo);
    const client = await secure.raw();
    client.send(FRAME.window, 0, 0, uint32(2 ** 30));
    const untilMs = performance.now() + 500;
    for (let stream = 1; performance.now() < untilMs; stream += 20) {
      client.request(stream);
      await client.frame(FRAME.headers, stream);
    }
    expect(await client.settled()).toBe(null);
  });

  test('when it gets much, and announces each bit that it has read', async () => {
    const secure = await open({ limits: { headerTimeoutMs: 100 } });
    await secure.bench.app('web:acme', (_message, response) => void pour(response, 16 * 1024 * 1024));
    const client = await secure.raw();
    const update = (stream: number) => frame(FRAME.window, 0, stream, uint32(100));
    const updates = Buffer.concat([update(0), update(1)]);
    client.request(1);
    let [read, isWhole] = [0, false];
    while (!isWhole && !client.socket.closed) {
      await client.more();
      let bytes = 0;
      for (const { type, flags, stream, payload } of client.received.splice(0)) {
        if (type === FRAME.data) bytes += payload.length;
        if (stream === 1 && (flags & FLAG.endStream) !== 0) isWhole = true;
      }
      read += bytes;
      client.socket.write(Buffer.concat(Array.from({ length: Math.ceil(bytes / 100) }, () => updates)));
    }
    expect(read).toBe(16 * 1024 * 1024);
  });
});

describe('requests under way', () => {
  test('beyond 128 on one connection end it', async () => {
    const secure = await open();
    await secure.bench.app('web:acme', () => {});
    const client = await secure.raw();
    for (let stream = 1; stream < 2 * 128; stream += 2) client.request(stream);
    await expect.poll(() => secure.bench.source.leases.length).toBe(128);
    client.request(257);
    expect(await client.goneWith()).toBe(CODE.protocol);
    await expect.poll(() => secure.bench.source.leases.map(({ releases }) => releases)).not.toContain(0);
    expect(secure.bench.source.leases).toHaveLength(128);
  });

  test('count as connections of their client: beyond its limit they get 503', async () => {
    const secure = await open({ limits: { maxConnectionsPerClient: 4, maxConnections: 100 } });
    const waiting: (() => void)[] = [];
    await secure.bench.app('web:acme', (_message, response) => waiting.push(() => response.end('done')));
    const session = await secure.connect();
    const held = Array.from({ length: 4 }, () => answerOf(request(session)));
    await expect.poll(() => waiting.length).toBe(4);
    const refused = await answerOf(request(session));
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(JSON.parse(refused.body).code).toBe('at_capacity');
    for (const answer of waiting) answer();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const later = answerOf(request(session));
    await expect.poll(() => waiting.length).toBe(5);
    waiting[4]?.();
    expect((await later).status).toBe(200);
  });
});

/** Sends a request that puts a large field into the dynamic table (RFC 7541 §2.3.2). */
async function storeBomb(client: RawHttp2): Promise<void> {
  const stored = Buffer.concat([Buffer.from([0x40]), name('x-bomb'), integer(3800, 7, 0), Buffer.alloc(3800, 'x')]);
  client.send(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, Buffer.concat([literal(GET), stored]));
  await client.frame(FRAME.data, 1);
}

/** Sends a head of 12 kB that means the stored field 12,000 times. */
function sendBomb(client: RawHttp2, stream: number): void {
  // Index 62 is the newest entry of the dynamic table.
  const references = Buffer.alloc(12_000, 0x80 | 62);
  client.send(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, Buffer.concat([literal(GET), references]));
}

const POST: Fields = [[':method', 'POST'], ...GET.slice(1)];

function name(text: string): Buffer {
  return Buffer.concat([integer(text.length, 7, 0), Buffer.from(text)]);
}
