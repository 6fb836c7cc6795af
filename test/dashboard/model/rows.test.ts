import { expect, it } from 'vitest';
import { countStates, rowsOf, splitInstance, statesByTenant, withChange } from '../../../src/dashboard/model/rows.ts';
import { instanceRow, tenantRow } from './rows-support.ts';

it('applies changes and removals, and is another object each time', () => {
  const before = rowsOf({
    tenants: [tenantRow('acme')],
    instances: [instanceRow('api:acme'), instanceRow('api:globex')],
  });
  const after = withChange(before, {
    instances: [instanceRow('api:acme', { state: 'ready' }), instanceRow('web:acme')],
    removedInstances: ['api:globex'],
    removedTenants: ['acme', 'unknown'],
  });
  expect(after).not.toBe(before);
  expect([...after.instances.keys()]).toEqual(['api:acme', 'web:acme']);
  expect(after.instances.get('api:acme')?.state).toBe('ready');
  expect(after.tenants.size).toBe(0);
});

it('keeps a row that was removed and made again in one change', () => {
  const before = rowsOf({ tenants: [], instances: [instanceRow('api:acme')] });
  const after = withChange(before, { removedInstances: ['api:acme'], instances: [instanceRow('api:acme')] });
  expect(after.instances.size).toBe(1);
});

it('counts states, and lists those of each tenant', () => {
  const { instances, tenants } = rowsOf({
    tenants: [],
    instances: [instanceRow('api:acme', { state: 'ready' }), instanceRow('web:acme'), instanceRow('api:globex')],
  });
  expect(countStates(instances.values())).toEqual(
    new Map([
      ['ready', 1],
      ['asleep', 2],
    ]),
  );
  expect(statesByTenant({ instances, tenants }).get('acme')).toEqual(['ready', 'asleep']);
});

it('splits the name of an instance', () => {
  expect(splitInstance('api:acme')).toEqual({ service: 'api', id: 'acme' });
});
