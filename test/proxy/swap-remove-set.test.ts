import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SwapRemoveSet } from '../../src/proxy/swap-remove-set.ts';

test('holds what was added and not deleted, whatever the order', () => {
  const steps = fc.array(fc.record({ add: fc.boolean(), which: fc.nat(9) }));
  fc.assert(
    fc.property(steps, (those) => {
      const members = Array.from({ length: 10 }, (_, name) => ({ name }));
      const set = new SwapRemoveSet<{ name: number }>();
      const expected = new Set<{ name: number }>();
      for (const { add, which } of those) {
        const member = members[which];
        if (member === undefined) continue;
        if (!add) expect(set.delete(member)).toBe(expected.delete(member));
        else if (!expected.has(member)) {
          set.add(member);
          expected.add(member);
        }
      }
      expect(new Set(set)).toEqual(expected);
      expect(set.size).toBe(expected.size);
    }),
  );
});
