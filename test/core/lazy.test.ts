import { expect, test } from 'vitest';
import { lazy } from '../../src/core/lazy.ts';

test('what is opened when it is first needed is opened once, and again after a failure', async () => {
  const outcomes = [Promise.reject(new Error('away')), Promise.resolve('here')];
  let opened = 0;
  const get = lazy(() => {
    opened += 1;
    return outcomes[opened - 1] ?? Promise.resolve('twice');
  });
  await expect(Promise.all([get(), get()])).rejects.toThrow('away');
  expect(opened).toBe(1);
  expect(await Promise.all([get(), get()])).toEqual(['here', 'here']);
  expect([await get(), opened]).toEqual(['here', 2]);
});
