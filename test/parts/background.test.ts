import { expect, test } from 'vitest';
import { silentLogger } from '../../src/logger.ts';
import { Background } from '../../src/parts/background.ts';

test('has its first value until another is found, and looks once for many readers', async () => {
  const found = Promise.withResolvers<string>();
  let looks = 0;
  const look = () => {
    looks += 1;
    return found.promise;
  };
  const value = new Background(look, 'nothing', 60_000, silentLogger());
  expect([value.now(), value.now(), looks]).toEqual(['nothing', 'nothing', 1]);
  found.resolve('something');
  expect(await value.latest()).toBe('something');
  expect([value.now(), looks]).toEqual(['something', 1]);
});

test('keeps its last value while a look hangs or fails', async () => {
  const hanging = new Background(() => new Promise<string>(() => {}), 'last', 0, silentLogger());
  expect(await hanging.latest()).toBe('last');
  const failing = new Background(() => Promise.reject(new Error('no')), 'last', 0, silentLogger());
  expect(await failing.latest()).toBe('last');
});
