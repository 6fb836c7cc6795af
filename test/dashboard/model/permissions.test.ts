import { expect, it } from 'vitest';
import { permissionsOf } from '../../../src/dashboard/model/permissions.ts';

const granted = (scope: string, ...can: ('read' | 'operate' | 'manage')[]) =>
  Object.entries(permissionsOf({ scope, can }))
    .filter(([, may]) => may)
    .map(([name]) => name);

it('gives an admin with all abilities everything', () => {
  expect(granted('admin', 'read', 'operate', 'manage')).toHaveLength(7);
});

it('gives a reader only the sight of the host', () => {
  expect(granted('admin', 'read')).toEqual(['seeHost']);
  expect(granted('tenant:acme', 'read')).toEqual([]);
});

it('lets a token of one tenant change that tenant, but not its terms', () => {
  expect(granted('tenant:acme', 'read', 'operate', 'manage')).toEqual([
    'operate',
    'manage',
    'operateTenants',
    'manageTenants',
  ]);
});

it('lets a token of one service change instances, not tenants', () => {
  expect(granted('service:api', 'read', 'operate', 'manage')).toEqual(['operate', 'manage']);
});
