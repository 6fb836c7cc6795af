import { expect, it } from 'vitest';
import { shownTo } from '../../../src/api/access/tenant-shown.ts';
import { parseScope } from '../../../src/core/access/scope.ts';
import { tenantView } from '../fake-tenants.ts';

const VIEW = tenantView('acme', {
  state: 'provisioning',
  reason: 'create of the hook api/db failed: no route to db7.internal',
  provisioning: {
    action: 'create',
    waiting: ['api/db'],
    running: null,
    failed: {
      hook: 'api/db',
      reason: 'no route to db7.internal',
      since: '2026-01-01T00:00:00.000Z',
      at: '2026-01-01T00:00:00.000Z',
      failures: 1,
      nextTryAt: null,
      lastLines: ['db7.internal'],
    },
  },
});
const seenBy = (scope: string) => shownTo({ grants: { scope: parseScope(scope), can: ['read'] } }, VIEW);

it("what a hook printed is shown to operators, and not to a customer's token", () => {
  expect(seenBy('admin')).toEqual(VIEW);
  expect(JSON.stringify(seenBy('tenant:acme'))).not.toContain('db7');
  expect(seenBy('tenant:acme').provisioning?.failed).toMatchObject({ hook: 'api/db', failures: 1 });
});
