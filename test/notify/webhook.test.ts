import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NotifyTarget } from '../../src/core/notify/notify-target.ts';
import { systemClock } from '../../src/node/clock.ts';
import { createResolver, type Resolve } from '../../src/notify/guarded-lookup.ts';
import { Webhook } from '../../src/notify/webhook.ts';
import { HANG, type Receiver, startReceiver } from './receiver.ts';

const BODY = '{"data":{"seq":1}}';
const LOOPBACK: Resolve = async () => [{ address: '127.0.0.1', family: 4 }];

function webhook(target: Partial<NotifyTarget> & { url: string }, resolve = createResolver(), timeoutMs = 60_000) {
  const whole = { events: null, secretFile: null, allowPrivate: true, ...target };
  const made = new Webhook(whole, { clock: systemClock, resolve, timeoutMs });
  onTestFinished(() => made.destroy());
  return made;
}

test('2xx means that a message was accepted; its headers say what it is', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => response.writeHead(202).end('thank you');
  const before = Math.floor(Date.now() / 1000);
  const attempt = await webhook({ url: receiver.url }).send('evt_x_1', BODY);
  expect(attempt).toEqual({ ok: true, status: 202, answer: 'thank you', failure: null, retryAfterMs: null });
  const [message] = receiver.received;
  const headers = message?.headers ?? {};
  expect(message?.body).toBe(BODY);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'tenement',
    'webhook-id': 'evt_x_1',
  });
  expect(Number(headers['webhook-timestamp'])).toBeGreaterThanOrEqual(before);
  expect(headers).not.toHaveProperty('webhook-signature');
});

test('every other status is a failure, with the wish for a later attempt', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => response.writeHead(503, { 'retry-after': '120' }).end('busy');
  expect(await webhook({ url: receiver.url }).send('m', BODY)).toEqual({
    ok: false,
    status: 503,
    answer: 'busy',
    failure: 'answered 503',
    retryAfterMs: 120_000,
  });
});

test('a redirect is not followed', async () => {
  const [receiver, other] = [await startReceiver(), await startReceiver()];
  receiver.answer = () => (response) => response.writeHead(307, { location: other.url }).end();
  expect(await webhook({ url: receiver.url }).send('m', BODY)).toMatchObject({
    ok: false,
    failure: 'answered 307; redirects are not followed',
  });
  expect(other.received).toEqual([]);
});

test('a receiver that never answers costs the time-out', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => HANG;
  const attempt = await webhook({ url: receiver.url }, undefined, 300).send('m', BODY);
  expect(attempt).toMatchObject({ ok: false, status: null, failure: 'no answer within 0.3 s' });
});

test('of a body without end a kilobyte is read, then the connection is closed', async () => {
  const receiver = await startReceiver();
  let written = 0;
  const closed = new Promise<void>((resolve) => {
    receiver.answer = () => (response) => {
      response.writeHead(200).on('close', resolve);
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384))) written += 16_384;
      };
      response.on('drain', flood);
      flood();
    };
  });
  const attempt = await webhook({ url: receiver.url }).send('m', BODY);
  expect(attempt).toMatchObject({ ok: true, answer: 'x'.repeat(1024) });
  await closed;
  expect(written).toBeLessThan(50 * 1024 ** 2);
});

test('a body that drips or breaks off does not change what the status says', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => void response.writeHead(200).write('slow');
  expect(await webhook({ url: receiver.url }, undefined, 300).send('m', BODY)).toMatchObject({
    ok: true,
    answer: 'slow',
  });
  receiver.answer = () => (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('cut', () => response.destroy());
  };
  expect(await webhook({ url: receiver.url }).send('m', BODY)).toMatchObject({ ok: true, status: 200 });
});

test('headers without end are a failure', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => response.writeHead(200, { 'x-long': 'x'.repeat(100_000) }).end();
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toMatch(/16384 bytes of headers/);
});

test('a few interim answers are passed over, a flood of them is a failure', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => {
    for (let index = 0; index < 10; index += 1) response.writeProcessing();
    response.writeHead(200).end();
  };
  expect((await webhook({ url: receiver.url }).send('m', BODY)).ok).toBe(true);
  const closed = new Promise<void>((resolve) => {
    receiver.answer = () => (response) => {
      const more = setInterval(() => response.writeProcessing(), 1);
      response.on('close', () => {
        clearInterval(more);
        resolve();
      });
    };
  });
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toBe('more than 10 interim answers');
  await closed;
});

test('an interim answer that only a question allows is a failure, and says which', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => void response.socket?.end('HTTP/1.1 100 Continue\r\n\r\n');
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toMatch(/^it answered 100 Continue/);
  const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
  receiver.answer = () => (response) => void response.socket?.end(upgrade);
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toMatch(/^it answered 101 Switching/);
});

test('what is no answer of HTTP is a failure', async () => {
  const receiver = await startReceiver();
  for (const raw of [
    'hello',
    'HTTP/1.1 200 OK\n\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/3.0 200 OK\r\n\r\n',
  ]) {
    receiver.answer = () => (response) => void response.socket?.end(raw);
    const attempt = await webhook({ url: receiver.url }).send('m', BODY);
    expect([raw, attempt.ok, attempt.failure]).toEqual([raw, false, expect.stringMatching(/HTTP\/1\.1 protocol/)]);
  }
});

test('a connection that is refused, or ends without an answer, says so', async () => {
  const receiver = await startReceiver();
  receiver.answer = () => (response) => void response.destroy();
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toBe(
    'it closed the connection before it answered',
  );
  await receiver.close();
  expect((await webhook({ url: receiver.url }).send('m', BODY)).failure).toBe('nothing listens there');
});

/** URLs of a receiver on this machine, each written in another way. */
function disguises({ port }: Receiver): string[] {
  const hosts = ['127.0.0.1', '2130706433', '0x7f.1', '017700000001', '[::ffff:127.0.0.1]', '0.0.0.0'];
  return hosts.map((host) => new URL(`http://${host}:${port}/`).href);
}

test('an address of this machine is refused before anything is sent, however it is written', async () => {
  const receiver = await startReceiver();
  for (const url of disguises(receiver)) {
    const attempt = await webhook({ url, allowPrivate: false }).send('m', BODY);
    expect([url, attempt.failure]).toEqual([url, expect.stringMatching(/^not sent: .*allow_private/)]);
  }
  expect(receiver.received).toEqual([]);
});

test('a name that leads to this machine is refused when it is connected to', async () => {
  const receiver = await startReceiver();
  const url = `http://hooks.example.com:${receiver.port}/`;
  const attempt = await webhook({ url, allowPrivate: false }, LOOPBACK).send('m', BODY);
  expect(attempt.failure).toBe(
    'not sent: hooks.example.com has the address 127.0.0.1, a loopback address; allow_private = true permits it',
  );
  expect(receiver.received).toEqual([]);
  expect((await webhook({ url, allowPrivate: true }, LOOPBACK).send('m', BODY)).ok).toBe(true);
});

test('the address that was checked is the one that is connected to: a name is looked up once', async () => {
  const receiver = await startReceiver();
  let lookups = 0;
  const changing: Resolve = async () => {
    lookups += 1;
    return [{ address: lookups === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
  };
  const url = `http://hooks.example.com:${receiver.port}/`;
  expect((await webhook({ url, allowPrivate: true }, changing).send('m', BODY)).ok).toBe(true);
  expect(lookups).toBe(1);
  expect((await webhook({ url, allowPrivate: false }, changing).send('m', BODY)).failure).toContain('127.0.0.2');
  expect([lookups, receiver.received.length]).toEqual([2, 1]);
});

test('connections that were allowed are not used after allow_private is taken back', async () => {
  const receiver = await startReceiver();
  const sender = webhook({ url: receiver.url });
  expect((await sender.send('m', BODY)).ok).toBe(true);
  sender.reconfigure({ url: receiver.url, events: null, secretFile: null, allowPrivate: false });
  expect((await sender.send('m', BODY)).ok).toBe(false);
  expect(receiver.received).toHaveLength(1);
});

test('the secret is read for each message; without it nothing is sent', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const secretFile = join(dir, 'secret');
  const receiver = await startReceiver();
  const sender = webhook({ url: receiver.url, secretFile });
  expect((await sender.send('m', BODY)).failure).toBe(`not sent: secret_file ${secretFile}: there is no such file`);
  const write = (byte: number) =>
    writeFileSync(secretFile, `whsec_${Buffer.alloc(32, byte).toString('base64')}`, { mode: 0o600 });
  for (const byte of [1, 2]) {
    write(byte);
    expect((await sender.send('m', BODY)).ok).toBe(true);
  }
  const [first, second] = receiver.received.map(({ headers }) => headers['webhook-signature']);
  expect(first).not.toBe(second);
  chmodSync(secretFile, 0o644);
  expect((await sender.send('m', BODY)).failure).toContain('mode 0644');
  expect(receiver.received).toHaveLength(2);
});
