import { expect, test, vi } from 'vitest';
import { type LifecycleHooks, processHooks } from '../../src/library/lifecycle-hooks.ts';
import { silentLogger } from '../../src/logger.ts';

const never = new AbortController().signal;
const made = (hooks: LifecycleHooks, logger = silentLogger()) => {
  const all = processHooks(hooks, logger);
  if (all === null) throw new Error('no hooks');
  return all;
};

test('without functions there are no hooks', () => {
  expect(processHooks(undefined, silentLogger())).toBeNull();
  expect(processHooks({ timeoutMs: 5 }, silentLogger())).toBeNull();
});

test('beforeStart gets the instance, and its result is waited for', async () => {
  const beforeStart = vi.fn(async () => 'ignored');
  expect(await made({ beforeStart }).beforeStart('api:acme', never)).toBeNull();
  expect(beforeStart).toHaveBeenCalledWith(
    expect.objectContaining({ instance: 'api:acme', service: 'api', tenant: 'acme' }),
  );
});

test.each([
  [
    'throws',
    () => {
      throw new Error('not paid\nstack');
    },
  ],
  ['rejects', () => Promise.reject(new Error('not paid'))],
  [
    'throws no error',
    () => {
      throw 'not paid';
    },
  ],
])('beforeStart that %s refuses with its reason, in one line', async (_how, beforeStart) => {
  expect(await made({ beforeStart }).beforeStart('api:acme', never)).toBe('refused by the host program: not paid');
});

test('beforeStart that does not settle is given up after the time-out, and told by its signal', async () => {
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const beforeStart = ({ signal }: { signal: AbortSignal }) =>
    new Promise(() => signal.addEventListener('abort', () => resolve(), { once: true }));
  const hooks = made({ beforeStart, timeoutMs: 5 });
  expect(await hooks.beforeStart('api:acme', never)).toMatch(/beforeStart took longer than 5 ms$/);
  await told;
});

test('afterStop that fails is logged, and settles', async () => {
  const error = vi.fn();
  const hooks = made({ afterStop: () => Promise.reject(new Error('no')) }, { ...silentLogger(), error });
  await hooks.afterStop('api:acme', never);
  expect(error).toHaveBeenCalledWith({ instance: 'api:acme', reason: 'no' }, 'afterStop failed');
});

test('an end in a hurry does not wait for afterStop', async () => {
  const controller = new AbortController();
  const done = made({ afterStop: () => new Promise(() => {}) }).afterStop('api:acme', controller.signal);
  controller.abort();
  await done;
});
