import { describe, expect, it } from 'vitest';
import { settle, world } from './fakes.ts';

describe('a registry that cannot be written', () => {
  it('refuses to register, and nothing starts', async () => {
    const made = world();
    made.failSave = true;
    await expect(made.supervisor.spawn('api', 'acme')).rejects.toMatchObject({
      code: 'state_failed',
      message: 'api:acme is not registered: database or disk is full',
    });
    expect(made.processes).toEqual([]);
    expect(made.supervisor.list()).toEqual([]);
  });

  it('stops no request, and what happened meanwhile is written when it can be', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = true;
    const held = made.supervisor.claim('api:acme', new AbortController().signal);
    await settle();
    made.processes[0]?.becomeReady();
    expect(await held).toMatchObject({ instance: 'api:acme' });
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'asleep' });
    made.failSave = false;
    await made.clock.advance(1000);
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'ready', requests: 1 });
  });

  it('is told to the operator whose word would be forgotten', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = true;
    await expect(made.supervisor.stop('api:acme')).rejects.toMatchObject({ code: 'state_failed' });
    expect(made.supervisor.get('api:acme').state).toBe('stopped');
  });
});

it('what is counted is written within a second, all of it at once', async () => {
  const made = world();
  const spawned = made.supervisor.spawn('api', 'acme');
  await settle();
  made.processes[0]?.becomeReady();
  await spawned;
  const lease = await made.supervisor.claim('api:acme', new AbortController().signal);
  if ('release' in lease) lease.release();
  expect(made.saved.get('api:acme')).toMatchObject({ requests: 0 });
  await made.clock.advance(1000);
  expect(made.saved.get('api:acme')).toMatchObject({ requests: 1, lastActivityAtMs: 1_000_000 });
});
