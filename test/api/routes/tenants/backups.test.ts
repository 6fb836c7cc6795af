import { expect, test } from 'vitest';
import { tenantView } from '../../fake-tenants.ts';
import { runningApi } from '../../running.ts';

async function running() {
  const api = await runningApi();
  api.supervisor.tenants.views.set('acme', tenantView('acme'));
  return api;
}

const JSON_TYPE = { 'content-type': 'application/json' };

test('a run, a restore and a discard are asked for with what the caller gave', async () => {
  const { call, backups } = await running();
  expect(
    await call('/api/backups', { method: 'POST', body: JSON.stringify({ force: true }), headers: JSON_TYPE }),
  ).toMatchObject({ status: 200 });
  await call('/api/tenants/acme/backup', { method: 'POST' });
  const at = '2026-01-31T08:00:00Z';
  await call('/api/tenants/acme/restore', {
    method: 'POST',
    body: JSON.stringify({ at, id: 'other', from: 'old', start: false }),
    headers: JSON_TYPE,
  });
  expect((await call('/api/tenants/acme/before-restore', { method: 'DELETE' })).status).toBe(204);
  expect(backups.calls).toEqual([
    ['run', undefined, true],
    ['run', ['acme'], undefined],
    ['restore', 'acme', { atMs: Date.parse(at), id: 'other', server: 'old', start: false }],
    ['discard', 'acme'],
  ]);
});

test('bad ids and times are refused before anything begins', async () => {
  const { call, backups } = await running();
  const restore = (body: object) =>
    call('/api/tenants/acme/restore', { method: 'POST', body: JSON.stringify(body), headers: JSON_TYPE });
  expect((await restore({ at: 'yesterday' })).status).toBe(400);
  expect((await restore({ id: '../x' })).status).toBe(400);
  expect(
    (await call('/api/backups', { method: 'POST', body: JSON.stringify({ tenants: ['a/b'] }), headers: JSON_TYPE }))
      .status,
  ).toBe(400);
  expect(backups.calls).toEqual([]);
});

test('progress comes in lines, and the result in the last of them', async () => {
  const { call } = await running();
  const { text } = await call('/api/tenants/acme/backup', {
    method: 'POST',
    headers: { accept: 'application/x-ndjson' },
  });
  expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({ result: { repository: '/backups' } });
});

test('metrics tell the age of the oldest backup, and how many tenants have none', async () => {
  const { call, backups } = await running();
  const nowMs = Date.now();
  backups.known = [
    { tenant: 'never', succeededAtMs: null, isFailing: false },
    { tenant: 'failing', succeededAtMs: nowMs - 90_000, isFailing: true },
    { tenant: 'acme', succeededAtMs: nowMs, isFailing: false },
  ];
  const { text } = await call('/metrics');
  expect(text).toContain('tenement_backup_tenants{state="ok"} 1');
  expect(text).toContain('tenement_backup_tenants{state="failing"} 1');
  expect(text).toContain('tenement_backup_tenants{state="never"} 1');
  expect(text).toContain(`tenement_backup_last_success_timestamp_seconds{tenant="acme"} ${nowMs / 1000}`);
  expect(text).toMatch(/^tenement_backup_oldest_age_seconds 9\d(\.\d+)?$/m);
});
