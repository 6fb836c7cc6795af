import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Roll } from '../../src/proxy/roll.ts';

test('holds what was added and not deleted, whatever the order', () => {
  const steps = fc.array(fc.record({ add: fc.boolean(), which: fc.nat(9) }));
  fc.assert(
    fc.property(steps, (those) => {
      const members = Array.from({ length: 10 }, (_, name) => ({ name }));
      const roll = new Roll<{ name: number }>();
      const expected = new Set<{ name: number }>();
      for (const { add, which } of those) {
        const member = members[which];
        if (member === undefined) continue;
        if (!add) expect(roll.delete(member)).toBe(expected.delete(member));
        else if (!expected.has(member)) {
          roll.add(member);
          expected.add(member);
        }
      }
      expect(new Set(roll)).toEqual(expected);
      expect(roll.size).toBe(expected.size);
    }),
  );
});
