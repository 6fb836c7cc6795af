import { expect, it } from 'vitest';
import { assertCreateTenantOptions, assertTenantChanges } from '../../../src/core/input/tenant-input.ts';

it.each([
  [{ plan: 5 }, 'plan'],
  [{ expires: null }, 'expires'],
  [{ labels: { 'a b': 'x' } }, 'labels'],
  [{ labels: { a: 'x'.repeat(300) } }, 'labels.a'],
  [{ env: { 'A=B': '1' } }, 'env'],
  [{ env: { A: 5 } }, 'env.A'],
  [{ services: [] }, 'services'],
  [{ start: 'yes' }, 'start'],
  [{ plans: 'pro' }, 'options'],
])('options %j for a new tenant are refused, naming %s', (options, where) => {
  expect(() => assertCreateTenantOptions(options as never)).toThrow(
    expect.objectContaining({ code: 'bad_input', message: expect.stringMatching(new RegExp(`^${where}:`)) }),
  );
});

it('changes may remove what they name', () => {
  assertTenantChanges({ plan: null, expires: null, labels: { a: null }, env: { A: null, B: '1' } });
  expect(() => assertTenantChanges({ services: ['api'] } as never)).toThrow(/^changes: known are/);
});
