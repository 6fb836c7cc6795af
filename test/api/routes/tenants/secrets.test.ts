import { expect, it } from 'vitest';
import { tenantView } from '../../fake-tenants.ts';
import { runningApi } from '../../running.ts';

async function started() {
  const { call, supervisor } = await runningApi('none');
  supervisor.tenants.views.set('acme', tenantView('acme'));
  const json = (method: string, path: string, body?: unknown) =>
    call(`/api/tenants/acme/secrets${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  return { json, secrets: supervisor.secrets };
}

it('PUT sets, POST rotates and DELETE removes a secret, and no answer has its value', async () => {
  const { json, secrets } = await started();
  const set = await json('PUT', '/STRIPE_KEY', { value: 'sk_live' });
  expect([set.status, JSON.parse(set.text)]).toMatchObject([200, { name: 'STRIPE_KEY', version: 1 }]);
  expect((await json('POST', '/STRIPE_KEY/rotate')).status).toBe(200);
  expect((await json('DELETE', '/STRIPE_KEY')).status).toBe(204);
  const listed = await json('GET', '');
  expect(Object.keys(JSON.parse(listed.text))).toEqual(['secrets', 'missing']);
  expect(secrets.calls.map(([verb]) => verb)).toEqual(['set', 'rotate', 'remove']);
  expect(set.text + listed.text).not.toContain('sk_live');
});

it.each([[{ value: 123456 }], [{ value: ['hidden'] }], [{ valeu: 'hidden' }], [{ value: null }], [{}], ['hidden']])(
  'refuses %j without repeating it',
  async (body) => {
    const { json, secrets } = await started();
    const { status, text } = await json('PUT', '/A', body);
    expect(status).toBe(400);
    expect(text).not.toMatch(/123456|hidden/);
    expect(secrets.calls).toEqual([]);
  },
);
