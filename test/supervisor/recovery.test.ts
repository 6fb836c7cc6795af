import { describe, expect, it } from 'vitest';
import { type InstanceRecord, newRecord, type State } from '../../src/core/lifecycle/instance.ts';
import { FakeProcess, settle, world } from './fakes.ts';

const OWN = { env: {}, limits: {} };

function left(process: FakeProcess, state: State, change: Partial<InstanceRecord> = {}): InstanceRecord {
  const { record } = process;
  const base = { ...newRecord('api', 'acme', OWN, 1), state, process: record, startedAtMs: 500, requests: 7 };
  return { ...base, desired: 'up', lastActivityAtMs: 999_000, ...change };
}

describe('a process that an earlier server left', () => {
  it('is taken back with its counters and its idle clock', async () => {
    const process = new FakeProcess(42, 'app');
    const made = world({ idleTimeoutMs: 60_000 }, {}, { records: [left(process, 'ready')], running: [process] });
    await made.supervisor.open();
    process.becomeReady();
    await settle();
    expect(made.supervisor.get('api:acme')).toMatchObject({
      state: 'ready',
      pid: 42,
      requests: 7,
      startedAt: new Date(500).toISOString(),
      lastActivityAt: new Date(999_000).toISOString(),
      sleepsAt: new Date(1_059_000).toISOString(),
    });
    expect(made.events).toEqual(['adopted', 'ready']);
    expect(made.saved.get('api:acme')?.process?.pid).toBe(42);
  });

  it('that was never used keeps its whole idle timeout (bug: it was put to sleep at once)', async () => {
    const process = new FakeProcess(42, 'app');
    const records = [left(process, 'starting', { lastActivityAtMs: null })];
    const made = world({ idleTimeoutMs: 60_000 }, {}, { records, running: [process] });
    await made.supervisor.open();
    process.becomeReady();
    await made.clock.advance(59_000);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
  });

  it('holds requests until it has answered its probe', async () => {
    const process = new FakeProcess(42, 'app');
    const made = world({}, {}, { records: [left(process, 'ready')], running: [process] });
    await made.supervisor.open();
    const held = made.supervisor.claim('api:acme', new AbortController().signal);
    expect(held).toBeInstanceOf(Promise);
    process.becomeReady();
    expect(await held).toMatchObject({ instance: 'api:acme' });
  });

  it('that cannot serve is ended and replaced', async () => {
    const process = new FakeProcess(42, 'app');
    const made = world({}, {}, { records: [left(process, 'ready')], running: [process] });
    await made.supervisor.open();
    process.fail('something else lies at its public socket');
    await settle();
    expect(process.terminated).toEqual([10_000]);
    expect(made.supervisor.get('api:acme')).toMatchObject({
      state: 'backoff',
      lastExit: { reason: 'start_failed', detail: 'something else lies at its public socket' },
    });
  });

  it('counts toward max_running', async () => {
    const process = new FakeProcess(42, 'app');
    const made = world({}, { maxRunning: 1 }, { records: [left(process, 'ready')], running: [process] });
    await made.supervisor.open();
    process.becomeReady();
    await settle();
    const lease = await made.supervisor.claim('api:acme', new AbortController().signal);
    const { view } = await made.supervisor.spawn('api', 'globex');
    expect(view.state).toBe('asleep');
    if ('release' in lease) lease.release();
  });

  it('that was being ended is ended, and the desired state follows', async () => {
    const process = new FakeProcess(42, 'app');
    const records = [left(process, 'stopping', { desired: 'stopped' })];
    const made = world({}, {}, { records, running: [process] });
    await made.supervisor.open();
    await settle();
    expect(process.terminated).toEqual([10_000]);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'stopped', pid: null });
  });

  it('with an older config is taken back, then restarted', async () => {
    const process = new FakeProcess(42, 'an older command');
    const made = world({}, {}, { records: [left(process, 'ready')], running: [process] });
    await made.supervisor.open();
    process.becomeReady();
    await settle();
    // Earlier connections to it are unknown, so the server looks once.
    await made.clock.advance(20);
    expect(process.terminated).toEqual([10_000]);
    made.processes.at(-1)?.becomeReady();
    await settle();
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready' });
    expect(made.processes).toHaveLength(2);
  });

  it('that is gone counts as lost, and the next request wakes the instance', async () => {
    const process = new FakeProcess(42, 'app');
    const made = world({}, {}, { records: [left(process, 'ready')] });
    await made.supervisor.open();
    expect(made.supervisor.get('api:acme')).toMatchObject({
      state: 'asleep',
      pid: null,
      startedAt: null,
      lastExit: { reason: 'lost' },
    });
  });

  it('without a record is ended before any start', async () => {
    const stray = { pid: 77, startTicks: 1, bindSocket: '/b/other' };
    const made = world({}, {}, { strays: [stray] });
    await made.supervisor.open();
    expect(made.endedStrays).toEqual([77]);
  });
});

describe('closing with keepTenants', () => {
  it('leaves every process running, and records it', async () => {
    const made = world();
    const spawned = made.supervisor.spawn('api', 'acme');
    await settle();
    const [process] = made.processes;
    process?.becomeReady();
    await spawned;
    await made.supervisor.leave();
    expect(process?.terminated).toEqual([]);
    expect(process?.released).toBe(true);
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'ready', desired: 'up', process: { pid: 1 } });
  });
});
