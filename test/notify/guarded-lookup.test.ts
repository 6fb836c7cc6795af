import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { createResolver, guardedLookup, RefusedAddress, type Resolve } from '../../src/notify/guarded-lookup.ts';

const PUBLIC = { address: '8.8.8.8', family: 4 };
const PRIVATE = { address: '10.0.0.1', family: 4 };

function lookedUp(resolve: Resolve, allowPrivate = false, all = true): Promise<unknown> {
  return new Promise((settled) => {
    guardedLookup(resolve, () => allowPrivate)('hooks.example.com', { all }, (error, address, family) =>
      settled(error ?? (all ? address : { address, family })),
    );
  });
}

test('private addresses of a name are left out', async () => {
  expect(await lookedUp(async () => [PRIVATE, PUBLIC, { address: '::1', family: 6 }])).toEqual([PUBLIC]);
  expect(await lookedUp(async () => [PRIVATE, PUBLIC], false, false)).toEqual(PUBLIC);
});

test('a name with private addresses only is refused, with the address and the key', async () => {
  const refused = await lookedUp(async () => [PRIVATE]);
  expect(refused).toBeInstanceOf(RefusedAddress);
  expect(String(refused)).toContain(
    'not sent: hooks.example.com has the address 10.0.0.1, a private address; allow_private = true permits it',
  );
  expect(await lookedUp(async () => [PRIVATE], true)).toEqual([PRIVATE]);
});

test('a name that cannot be resolved passes its error on', async () => {
  const error = Object.assign(new Error('no such host'), { code: 'ENOTFOUND' });
  expect(await lookedUp(() => Promise.reject(error))).toBe(error);
});

test('the resolver is asked for two names at a time, and once for a name', async () => {
  const asked = new Map<string, (addresses: LookupAddress[]) => void>();
  const names: string[] = [];
  const resolve = createResolver((name) => {
    names.push(name);
    return new Promise((settle) => void asked.set(name, settle));
  });
  const answers = ['a', 'a', 'b', 'c', 'c'].map(resolve);
  expect(names).toEqual(['a', 'b']);
  asked.get('a')?.([PUBLIC]);
  expect(await Promise.all(answers.slice(0, 2))).toEqual([[PUBLIC], [PUBLIC]]);
  await expect.poll(() => names).toEqual(['a', 'b', 'c']);
  asked.get('c')?.([PRIVATE]);
  expect(await answers[4]).toEqual([PRIVATE]);
  void resolve('a');
  expect(names).toEqual(['a', 'b', 'c', 'a']);
});
