import { expect, test } from 'vitest';
import { view } from './fakes.ts';
import { runningApi } from './running.ts';

const LIST = '/api/instances?limit=10';

test('a list that has not changed is answered with 304 and no body', async () => {
  const { call, supervisor } = await runningApi();
  await call('/spawn/api/--id=acme');
  const { headers, status } = await call(LIST);
  expect({ status, cache: headers['cache-control'] }).toEqual({ status: 200, cache: 'private, no-cache' });
  const etag = headers.etag ?? '';
  for (const known of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
    const again = await call(LIST, { headers: { 'if-none-match': known } });
    expect(again).toMatchObject({ status: 304, text: '', headers: { etag } });
    expect(again.headers).not.toHaveProperty('content-length');
  }
  supervisor.views.set('api:acme', view('api:acme', { requests: 18 }));
  const changed = await call(LIST, { headers: { 'if-none-match': etag } });
  expect(changed.status).toBe(200);
  expect(changed.headers.etag).not.toBe(etag);
});

test('errors and changes have no tag', async () => {
  const { call } = await runningApi();
  const answers = [
    await call('/api/instances/api:nobody', { headers: { 'if-none-match': '*' } }),
    await call('/spawn/api/--id=acme', { method: 'POST', headers: { 'if-none-match': '*' } }),
  ];
  expect(answers.map(({ status, headers }) => [status, headers.etag])).toEqual([
    [404, undefined],
    [201, undefined],
  ]);
});
