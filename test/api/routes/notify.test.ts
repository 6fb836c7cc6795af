import { expect, test } from 'vitest';
import type { NotifyTargetView, NotifyTestResult } from '../../../src/core/notify/notify-port.ts';
import { post, runningApi } from '../running.ts';

const TARGET: NotifyTargetView = {
  url: 'https://hooks.example.com/T0/secret',
  events: ['failed'],
  isSigned: true,
  allowPrivate: false,
  pending: 3,
  givenUp: 1,
  dropped: 0,
  lastSuccessAt: null,
  lastFailureAt: '2026-01-01T00:00:00.000Z',
  lastFailure: 'answered 500',
  nextTryAt: '2026-01-01T00:00:05.000Z',
};

const RESULT: NotifyTestResult = {
  url: TARGET.url,
  ok: true,
  status: 200,
  answer: 'ok',
  failure: null,
  durationMs: 12,
};

test('receivers are listed with what is pending for each', async () => {
  const { call, notify } = await runningApi();
  notify.targets.push(TARGET);
  expect(JSON.parse((await call('/api/notify')).text)).toEqual({ targets: [TARGET] });
});

test('a test goes to the receiver that is named, or to all', async () => {
  const { call, notify } = await runningApi();
  notify.results = [RESULT];
  expect(JSON.parse((await call('/api/notify/test', post({ url: TARGET.url }))).text)).toEqual({ results: [RESULT] });
  expect((await call('/api/notify/test', { method: 'POST' })).status).toBe(200);
  expect(notify.asked).toEqual([TARGET.url, undefined]);
});

test('a test of an unknown receiver is 404, and a wrong body 400', async () => {
  const { call } = await runningApi();
  const refused = await call('/api/notify/test', post({ url: 'https://elsewhere.example.com/' }));
  expect([refused.status, JSON.parse(refused.text).code]).toEqual([404, 'unknown_receiver']);
  for (const body of [{ url: 7 }, { url: '' }, { URL: TARGET.url }])
    expect((await call('/api/notify/test', post(body))).status).toBe(400);
});

test('metrics count by scheme and host, because paths may be secret', async () => {
  const { call, notify } = await runningApi();
  expect((await call('/metrics')).text).not.toContain('tenement_notify_pending{');
  notify.targets.push(TARGET);
  const { text } = await call('/metrics');
  for (const line of ['pending', 'deliveries_total', 'failures_total'].map((name, index) => [name, [3, 5, 2][index]]))
    expect(text).toContain(`tenement_notify_${line[0]}{receiver="https://hooks.example.com"} ${line[1]}\n`);
  expect(text).not.toContain('secret');
});
