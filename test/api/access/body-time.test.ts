import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runningApi } from '../running.ts';

const LATE_MS = 31_000;

/** Lets the server's time-outs pass at once; sockets keep real time. */
function fakeTimers() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

it('does not cut a response that is followed for longer than a request may take', async () => {
  const { port, events } = await runningApi();
  fakeTimers();
  const headers = { accept: 'text/event-stream' };
  const asked = request({ host: '127.0.0.1', port, path: '/api/events', headers, agent: false }).end();
  onTestFinished(() => void asked.destroy());
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  vi.advanceTimersByTime(LATE_MS);
  const by = { name: 'cli', tokenId: null, address: null };
  events.append({ atMs: 0, type: 'reloaded', instance: null, message: 'after a long time', data: {}, by });
  vi.useRealTimers();
  await expect.poll(() => text).toContain('after a long time');
  expect(text).not.toContain('bad_request');
});

it('answers 400 to a request whose body does not arrive', async () => {
  const { port } = await runningApi();
  fakeTimers();
  const headers = { 'content-type': 'application/json', 'content-length': '100', expect: '100-continue' };
  const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/api/instances', headers, agent: false });
  onTestFinished(() => void asked.destroy());
  asked.flushHeaders();
  // The server has the head now.
  await once(asked, 'continue');
  asked.write('{');
  vi.advanceTimersByTime(LATE_MS);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(400);
});
