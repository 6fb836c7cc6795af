import { expect, it } from 'vitest';
import { hasLabels, isLabelValue, LABEL_KEY } from '../../../src/core/tenants/labels.ts';
import { toldClosure } from '../../../src/core/tenants/tenant-state.ts';

it('of several reasons to close a tenant, the one that an operator must end first is told', () => {
  expect(toldClosure([])).toBeNull();
  expect(toldClosure(['expired', 'stopped'])).toBe('stopped');
  expect(toldClosure(['stopped', 'provisioning'])).toBe('provisioning');
});

it('labels are short and printable', () => {
  expect(['region', 'billing.example.com/id', 'A_1'].every((key) => LABEL_KEY.test(key))).toBe(true);
  expect(['', '-a', 'a b', 'x'.repeat(65), 'a=', 'ü'].some((key) => LABEL_KEY.test(key))).toBe(false);
  expect([isLabelValue('x'.repeat(255)), isLabelValue('x'.repeat(10_000)), isLabelValue('a\nb')]).toEqual([
    true,
    false,
    false,
  ]);
});

it('a tenant matches labels if it has all of them with these values', () => {
  expect(hasLabels({ region: 'eu', tier: 'gold' }, { region: 'eu' })).toBe(true);
  expect(hasLabels({ region: 'eu' }, { region: 'us' })).toBe(false);
  expect(hasLabels({ region: 'eu' }, { toString: '' })).toBe(false);
});
