import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PageQuery, pageOf } from '../../../src/core/input/page.ts';

/** Reads all pages; `between` runs after each. */
function readAll(keys: Set<string>, limit: number, between: () => void = () => {}): string[] {
  const read: string[] = [];
  let after: string | undefined;
  for (;;) {
    const query: PageQuery<string> = { limit, after };
    const page = pageOf(keys, query);
    expect(page.keys.length).toBeLessThanOrEqual(limit);
    read.push(...page.keys);
    between();
    if (page.next === null) return read;
    after = page.next;
  }
}

test('without a limit there is one page, in order', () => {
  expect(pageOf(['b', 'a', 'c'], {})).toEqual({ keys: ['a', 'b', 'c'], next: null });
  expect(pageOf([], { limit: 1 })).toEqual({ keys: [], next: null });
});

test('a page begins after the given key, which need not exist', () => {
  expect(pageOf(['a', 'b', 'd'], { after: 'b', limit: 1 })).toEqual({ keys: ['d'], next: null });
  expect(pageOf(['a', 'b', 'd'], { after: 'c' })).toEqual({ keys: ['d'], next: null });
  expect(pageOf(['a', 'b', 'd'], { after: 'x' })).toEqual({ keys: [], next: null });
});

test('a page that ends with the last key has no next', () => {
  expect(pageOf(['a', 'b'], { limit: 2 }).next).toBe(null);
  expect(pageOf(['a', 'b', 'c'], { limit: 2 }).next).toBe('b');
});

test('pages together are the whole list, each key once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 10 }), (keys, limit) => {
      expect(readAll(new Set(keys), limit)).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
    }),
  );
});

test('what stays while pages are read is read once, whatever comes and goes', () => {
  const change = fc.record({ add: fc.array(fc.string()), remove: fc.array(fc.string()) });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string(), { minLength: 1 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(change),
      (keys, limit, changes) => {
        const now = new Set(keys);
        const stayed = new Set(keys);
        const read = readAll(now, limit, () => {
          const { add, remove } = changes.shift() ?? { add: [], remove: [] };
          for (const key of remove) for (const set of [now, stayed]) set.delete(key);
          for (const key of add) now.add(key);
        });
        expect(new Set(read).size).toBe(read.length);
        expect([...stayed].filter((key) => !read.includes(key))).toEqual([]);
      },
    ),
  );
});
