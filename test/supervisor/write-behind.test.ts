import { describe, expect, it } from 'vitest';
import { settle, world } from './fakes.ts';

describe('a registry that cannot be written', () => {
  it('refuses registrations, and nothing starts', async () => {
    const made = world();
    made.failSave = true;
    await expect(made.supervisor.spawn('api', 'acme')).rejects.toMatchObject({
      code: 'state_failed',
      message: 'api:acme is not registered: database or disk is full',
    });
    expect(made.processes).toEqual([]);
    expect(made.supervisor.list()).toEqual([]);
  });

  it('stops no request, and gets all missed writes once it can', async () => {
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

  it("fails operators' commands that would be lost", async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = true;
    await expect(made.supervisor.stop('api:acme')).rejects.toMatchObject({ code: 'state_failed' });
    expect(made.supervisor.get('api:acme').state).toBe('stopped');
  });
});

describe('a registry whose lock another process holds', () => {
  it('stops no request, and gets its writes soon after the lock has gone', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = 'locked';
    const held = made.supervisor.claim('api:acme', new AbortController().signal);
    await settle();
    made.processes[0]?.becomeReady();
    expect(await held).toMatchObject({ instance: 'api:acme' });
    await made.clock.advance(8000);
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'asleep' });
    made.failSave = false;
    await made.clock.advance(100);
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'ready', requests: 1 });
  });

  it('makes a verb wait until its effect is written', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = 'locked';
    const stopping = made.supervisor.stop('api:acme');
    await made.clock.advance(2000);
    made.failSave = false;
    await made.clock.advance(100);
    expect(await stopping).toMatchObject({ state: 'stopped' });
    expect(made.saved.get('api:acme')).toMatchObject({ desired: 'stopped' });
  });

  it("fails an operator's command that is not written within some seconds, and is written later", async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    made.failSave = 'locked';
    const stopping = made.supervisor.stop('api:acme').catch((error) => error);
    await made.clock.advance(6000);
    expect(await stopping).toMatchObject({ code: 'state_failed', retryAfterS: 1 });
    made.failSave = false;
    await made.clock.advance(100);
    expect(made.saved.get('api:acme')).toMatchObject({ desired: 'stopped' });
  });

  it('is awaited at the end, since unwritten changes would be lost', async () => {
    const made = world();
    const spawned = made.supervisor.spawn('api', 'acme');
    await settle();
    made.processes[0]?.becomeReady();
    await spawned;
    made.failSave = 'locked';
    const leaving = made.supervisor.leave();
    await made.clock.advance(3000);
    made.failSave = false;
    await made.clock.advance(100);
    await leaving;
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'ready', process: { pid: 1 } });
  });
});

it('counters are written within a second, all at once', async () => {
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

describe('a state change that requests wait for', () => {
  it("is written at the end of the turn, and an operator's command before anything is done", async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    void made.supervisor.claim('api:acme', new AbortController().signal);
    expect(made.supervisor.get('api:acme').state).toBe('starting');
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'asleep' });
    await settle();
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'starting' });
    void made.supervisor.stop('api:acme');
    expect(made.saved.get('api:acme')).toMatchObject({ desired: 'stopped' });
  });

  it('is never written after its removal', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    void made.supervisor.claim('api:acme', new AbortController().signal);
    await settle();
    const removed = made.supervisor.remove('api:acme');
    await settle();
    made.processes[0]?.exit(0);
    await removed;
    await settle();
    expect(made.saved.size).toBe(0);
  });
});
