import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runningApi } from '../running.ts';

const LOGS = '/api/instances/api:acme/logs';

async function withInstance() {
  const running = await runningApi();
  await running.supervisor.spawn('api', 'acme');
  return running;
}

/** Reads the answer until it contains `text`. */
async function readUntil(response: Response, text: string): Promise<string> {
  let seen = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk;
    if (seen.includes(text)) break;
  }
  return seen;
}

function texts(lines: string): string[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).text);
}

test('logs are JSON lines, filtered as asked', async () => {
  const { call, logs } = await withInstance();
  for (const text of ['one', 'two', 'three']) logs.print(text);
  logs.print('four', 'stderr');
  const all = await call(LOGS);
  expect(all.headers['content-type']).toBe('application/x-ndjson');
  expect(texts(all.text)).toEqual(['one', 'two', 'three', 'four']);
  expect(all.text.split('\n')[0]).toBe('{"at":"2026-01-01T00:00:00.000Z","stream":"stdout","text":"one"}');
  expect(texts((await call(`${LOGS}?tail=2`)).text)).toEqual(['three', 'four']);
  expect(texts((await call(`${LOGS}?grep=o&stderr=false`)).text)).toEqual(['one', 'two', 'four']);
  expect(texts((await call(`${LOGS}?stderr=true`)).text)).toEqual(['four']);
  expect(texts((await call(`${LOGS}?since=2026-01-01T00:00:00.002Z`)).text)).toEqual(['three', 'four']);
  expect((await call(`${LOGS}?grep=nothing`)).text).toBe('');
});

test.each(['10m', '600'])('since=%s counts back from now', async (since) => {
  const { call, logs } = await withInstance();
  const before = Date.now();
  await call(`${LOGS}?since=${since}`);
  const sinceMs = logs.lastFilter?.sinceMs ?? 0;
  expect(sinceMs).toBeGreaterThanOrEqual(before - 600_000);
  expect(sinceMs).toBeLessThanOrEqual(Date.now() - 600_000);
});

test.each(['since=yesterday', 'since=2026-99-99', 'tail=-1', 'tail=x', 'follow=maybe', 'grpe=x'])(
  '%s is bad input that names the field',
  async (query) => {
    const { call } = await withInstance();
    const answer = await call(`${LOGS}?${query}`);
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'bad_input']);
    expect(JSON.parse(answer.text).detail).toContain(query.split('=')[0]);
  },
);

test('logs of an instance that is not registered are 404', async () => {
  const { call } = await runningApi();
  expect((await call(`${LOGS}?follow=true`)).status).toBe(404);
});

test('a follower gets the lines printed before, while and after the log is read, each once', async () => {
  const { url, logs } = await withInstance();
  logs.print('before');
  logs.duringRead = { before: () => logs.print('while-seen'), after: () => logs.print('while-unseen') };
  const response = await fetch(`${url}${LOGS}?follow=true`);
  logs.print('after');
  logs.print('filtered', 'stderr');
  expect(texts(await readUntil(response, 'filtered'))).toEqual([
    'before',
    'while-seen',
    'while-unseen',
    'after',
    'filtered',
  ]);
});

test('the answer begins at once although nothing was printed', async () => {
  const { url, logs } = await withInstance();
  const response = await fetch(`${url}${LOGS}?follow=true&grep=keep`);
  expect(response.status).toBe(200);
  logs.print('drop');
  logs.print('keep');
  expect(texts(await readUntil(response, 'keep'))).toEqual(['keep']);
});

test('a client that accepts server-sent events gets them, and follows', async () => {
  const { url, logs } = await withInstance();
  const response = await fetch(`${url}${LOGS}`, { headers: { accept: 'text/event-stream' } });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  logs.print('hello');
  expect(await readUntil(response, 'hello')).toBe(
    'data: {"at":"2026-01-01T00:00:00.000Z","stream":"stdout","text":"hello"}\n\n',
  );
});

test('events carry their number, and a client that reconnects continues after the last one it saw', async () => {
  const { url, call, events } = await runningApi();
  for (const type of ['spawned', 'ready', 'slept'] as const) events.add(type, 'api:acme');
  const lines = (await call('/api/events?tail=1')).text;
  expect(JSON.parse(lines)).toEqual({
    seq: 3,
    at: '2026-01-01T00:00:00.000Z',
    type: 'slept',
    instance: 'api:acme',
    message: 'it slept',
    data: {},
    tenant: 'acme',
    actor: 'system',
    tokenId: null,
    address: null,
  });
  const response = await fetch(`${url}/api/events`, { headers: { accept: 'text/event-stream', 'last-event-id': '1' } });
  events.add('woke', 'api:acme');
  const text = await readUntil(response, 'woke');
  expect(text.match(/^id: .*$/gm)).toEqual(['id: 2', 'id: 3', 'id: 4']);
});

test('an unknown event type is refused', async () => {
  const { call } = await runningApi();
  expect(JSON.parse((await call('/api/events?type=nope')).text)).toMatchObject({
    status: 400,
    code: 'bad_input',
    detail: expect.stringMatching(/^type: expected one of spawned, .*, internal-error$/),
  });
});

test('events of one instance can be followed alone', async () => {
  const { url, events } = await runningApi();
  const response = await fetch(`${url}/api/events?follow=true&instance=api:acme`);
  events.add('woke', 'api:other');
  events.add('woke', 'api:acme');
  expect(await readUntil(response, 'api:acme')).not.toContain('api:other');
});

test('the server forgets a follower that disconnects', async () => {
  const { url, logs } = await withInstance();
  const controller = new AbortController();
  await fetch(`${url}${LOGS}?follow=true`, { signal: controller.signal });
  controller.abort();
  await logs.listeners.unsubscribed;
  expect(logs.listeners.all.size).toBe(0);
});

test('a follower that does not read is disconnected, not buffered forever', async () => {
  const { port, logs } = await withInstance();
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write(`GET ${LOGS}?follow=true HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await logs.listeners.subscribed;
  const line = 'x'.repeat(64 * 1024);
  let printed = 0;
  const gone = logs.listeners.unsubscribed.then(() => true);
  // Some hundred KB fit into the kernel's buffers and 4 MB into the queue.
  while (printed < 1000 && !(await Promise.race([gone, turn()]))) {
    logs.print(line);
    printed += 1;
  }
  expect(logs.listeners.all.size).toBe(0);
  socket.resume();
  socket.on('error', () => {});
  await once(socket, 'close');
});

function turn(): Promise<boolean> {
  return new Promise((resolve) => setImmediate(() => resolve(false)));
}
