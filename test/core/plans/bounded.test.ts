import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedBy } from '../../../src/core/plans/bounded.ts';
import { BOUNDS, type BoundField } from '../../../src/core/plans/plan.ts';
import { SERVICE } from '../../supervisor/fakes.ts';

const FIELDS = Object.keys(BOUNDS) as BoundField[];
const field = fc.constantFrom(...FIELDS);

/** The time or amount that a value allows. */
const allowed = (name: BoundField, value: number) => (BOUNDS[name] === 'unlimited' && value === 0 ? Infinity : value);

test('the stricter of service and plan holds', () => {
  fc.assert(
    fc.property(field, fc.nat(), fc.nat(), (name, own, bound) => {
      const merged = boundedBy({ ...SERVICE, [name]: own }, { [name]: bound })[name] ?? Number.NaN;
      expect(allowed(name, merged)).toBe(Math.min(allowed(name, own), allowed(name, bound)));
    }),
  );
});

test('a key that the config of the service leaves out bounds no plan', () => {
  fc.assert(
    fc.property(field, fc.nat(), fc.nat(), (name, byDefault, bound) => {
      const service = { ...SERVICE, [name]: byDefault, defaulted: [name] };
      expect(boundedBy(service, { [name]: bound })[name]).toBe(bound);
    }),
  );
});

test('a plan without a key leaves the service its own', () => {
  expect(boundedBy(SERVICE, {})).toEqual(Object.fromEntries(FIELDS.map((name) => [name, SERVICE[name]])));
});

test('a service without a limit for directories in memory takes that of the plan', () => {
  expect(boundedBy({ ...SERVICE, tmpLimitBytes: null }, { tmpLimitBytes: 5 }).tmpLimitBytes).toBe(5);
});
