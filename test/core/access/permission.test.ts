import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ABILITIES, type Ability } from '../../../src/core/access/ability.ts';
import { decide, EVERYTHING, type Grants, type Permission, REACHES } from '../../../src/core/access/permission.ts';
import { ADMIN, covers, type Scope, type Subject } from '../../../src/core/access/scope.ts';

const name = fc.constantFrom('api', 'web', 'acme', 'globex');
const scope = fc.oneof(
  fc.constant(ADMIN),
  name.map((service): Scope => ({ kind: 'service', service })),
  name.map((tenantId): Scope => ({ kind: 'tenant', tenantId })),
);
const can = fc.subarray<Ability>([...ABILITIES]);
const grants: fc.Arbitrary<Grants> = fc.record({ scope, can });
const permission: fc.Arbitrary<Exclude<Permission, 'open'>> = fc.record({
  ability: fc.constantFrom(...ABILITIES),
  over: fc.constantFrom(...REACHES),
});
const subject: fc.Arbitrary<Subject> = fc.record({ service: fc.option(name), tenantId: fc.option(name) });

test('an admin token with every ability may do everything', () => {
  fc.assert(
    fc.property(permission, fc.option(subject), (needed, of) => {
      expect(decide(EVERYTHING, needed, of)).toBe('allowed');
    }),
  );
});

test('nothing is allowed without the ability', () => {
  fc.assert(
    fc.property(grants, permission, fc.option(subject), (held, needed, of) => {
      const held2 = { ...held, can: held.can.filter((ability) => ability !== needed.ability) };
      expect(decide(held2, needed, of)).not.toBe('allowed');
    }),
  );
});

test('an instance or a tenant outside of the scope is hidden, whatever the token may do', () => {
  fc.assert(
    fc.property(grants, permission, subject, (held, needed, of) => {
      fc.pre(needed.over === 'instance' || needed.over === 'tenant');
      expect(decide(held, needed, of) === 'hidden').toBe(!covers(held.scope, of));
    }),
  );
});

test('only the scope admin reaches the server as a whole', () => {
  fc.assert(
    fc.property(grants, fc.constantFrom(...ABILITIES), (held, ability) => {
      fc.pre(held.scope.kind !== 'admin');
      expect(decide(held, { ability, over: 'server' }, null)).toBe('lacks-scope');
    }),
  );
});

test('what is outside of the scope cannot be registered, whether it exists or not', () => {
  fc.assert(
    fc.property(grants, subject, (held, of) => {
      fc.pre(!covers(held.scope, of));
      expect(decide(held, { ability: 'manage', over: 'registration' }, of)).toMatch(/^lacks-/);
    }),
  );
});

test('more abilities and a wider scope never allow less', () => {
  fc.assert(
    fc.property(grants, permission, fc.option(subject), (held, needed, of) => {
      if (decide(held, needed, of) !== 'allowed') return;
      expect(decide({ ...held, can: ABILITIES }, needed, of)).toBe('allowed');
      expect(decide({ ...held, scope: ADMIN }, needed, of)).toBe('allowed');
    }),
  );
});

test('an open route is open to callers that may do nothing', () => {
  expect(decide({ scope: { kind: 'tenant', tenantId: '' }, can: [] }, 'open', null)).toBe('allowed');
});
