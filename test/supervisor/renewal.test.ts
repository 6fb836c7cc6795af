import { describe, expect, it } from 'vitest';
import { newRecord } from '../../src/core/lifecycle/instance.ts';
import type { ServiceConfig } from '../../src/core/service/service.ts';
import { configOf, FakeProcess, granted, here, ready, SERVICE, settle, type World, world } from './fakes.ts';

const settings = { maxRestarts: 0 };
const GOOD = { ...SERVICE, command: ['good'] };

/** Reloads to a service that starts differently. */
function correct(made: World, service: ServiceConfig = GOOD): void {
  made.supervisor.apply(configOf(service, settings));
}

const stateOf = (made: World) => made.supervisor.get('api:acme').state;

async function failed(service: Partial<ServiceConfig> = {}): Promise<World> {
  const made = world(service, settings);
  void made.supervisor.spawn('api', 'acme');
  await settle();
  made.processes[0]?.exit(1);
  await settle();
  expect(stateOf(made)).toBe('failed');
  return made;
}

describe('a corrected config', () => {
  it('starts a failed instance at once, without past crashes (bug: it stayed failed for five minutes)', async () => {
    const made = await failed();
    correct(made);
    const held = made.supervisor.claim('api:acme', here());
    await settle();
    expect(made.launched[1]?.service.command).toEqual(['good']);
    made.processes[1]?.becomeReady();
    expect(granted(await held).instance).toBe('api:acme');
    expect(made.saved.get('api:acme')?.crashes.crashesMs).toEqual([]);
  });

  it('starts an instance in back-off at once', async () => {
    const made = world({}, { maxRestarts: 3 });
    void made.supervisor.spawn('api', 'acme');
    await settle();
    made.processes[0]?.exit(1);
    await settle();
    expect(stateOf(made)).toBe('backoff');
    correct(made);
    await settle();
    expect(stateOf(made)).toBe('starting');
    await made.clock.advance(5000);
    expect(made.processes).toHaveLength(2);
  });

  it.each<[string, Partial<ServiceConfig>]>([
    ['path of the probe', { health: '/up' }],
    ['start-up time-out', { startupTimeoutMs: 60_000 }],
    ['memory limit', { memoryLimitBytes: 1024 }],
  ])('may be another %s', async (_what, change) => {
    const made = await failed();
    correct(made, { ...SERVICE, ...change });
    await settle();
    expect(stateOf(made)).toBe('starting');
  });

  it('that does not change the start leaves a failed instance alone', async () => {
    const made = await failed();
    correct(made, { ...SERVICE, idleTimeoutMs: 5 });
    await settle();
    expect(stateOf(made)).toBe('failed');
  });

  it('ends a hopeless start and serves its held requests (bug: they waited for its end, 59 s)', async () => {
    const made = world({ startupTimeoutMs: 60_000 }, settings);
    await made.supervisor.spawn('api', 'acme', { start: false });
    const held = made.supervisor.claim('api:acme', here());
    await made.clock.advance(5000);
    correct(made);
    await settle();
    expect(made.processes[0]?.terminated).toEqual([10_000]);
    expect(made.launched[1]?.service.command).toEqual(['good']);
    made.processes[1]?.becomeReady();
    expect(granted(await held).instance).toBe('api:acme');
    expect(made.saved.get('api:acme')?.crashes.crashesMs).toEqual([]);
  });

  it('counts for a start that waits for its turn', async () => {
    const made = world({}, { ...settings, maxConcurrentStarts: 1 });
    void made.supervisor.spawn('api', 'first');
    void made.supervisor.spawn('api', 'acme');
    await settle();
    made.supervisor.apply(configOf({ ...GOOD, command: ['good'] }, { ...settings, maxConcurrentStarts: 1 }));
    await settle();
    made.processes.at(-1)?.becomeReady();
    await settle();
    made.processes.at(-1)?.becomeReady();
    await settle();
    expect(made.launched.slice(1).map(({ service }) => service.command)).toEqual([['good'], ['good']]);
  });

  it('that comes while a crashed process is being ended is tried next', async () => {
    const made = world({}, settings);
    const process = await ready(made);
    const { promise, resolve } = Promise.withResolvers<void>();
    process.terminate = () => promise;
    process.exit(1);
    await settle();
    expect(stateOf(made)).toBe('stopping');
    correct(made);
    resolve();
    await settle();
    expect(made.launched.map(({ service }) => service.command)).toEqual([['app'], ['good']]);
  });

  it('counts over a restart of the server (bug: 503 for the rest of five minutes)', async () => {
    const before = await failed();
    const records = [...before.saved.values()];
    const same = world({}, settings, { records });
    await same.supervisor.open();
    await settle();
    expect(stateOf(same)).toBe('failed');

    const made = world({ command: ['good'] }, settings, { records });
    await made.supervisor.open();
    await made.clock.advance(0);
    expect(stateOf(made)).toBe('starting');
    expect(made.saved.get('api:acme')?.crashes.crashesMs).toEqual([]);
  });

  it('ends an outdated start that an earlier server left', async () => {
    const left = new FakeProcess(42, 'hopeless');
    const base = newRecord('api', 'acme', { env: {}, limits: {} }, 1);
    const records = [{ ...base, state: 'starting' as const, desired: 'up' as const, process: left.record }];
    const made = world({ command: ['good'] }, settings, { records, running: [left] });
    await made.supervisor.open();
    await settle();
    expect(left.terminated).toHaveLength(1);
    expect(made.launched.map(({ service }) => service.command)).toEqual([['good']]);
  });

  it('forgets the crashes of a sleeping instance', async () => {
    const crashes = { crashesMs: [999_999], probationUntilMs: 0, retryAtMs: null, terms: 'others' };
    const records = [{ ...newRecord('api', 'acme', { env: {}, limits: {} }, 1), crashes }];
    const made = world({}, { maxRestarts: 1 }, { records });
    await made.supervisor.open();
    void made.supervisor.claim('api:acme', here());
    await settle();
    made.processes[0]?.exit(1);
    await settle();
    expect(stateOf(made)).toBe('backoff');
  });

  it('does not start an instance that an operator has stopped', async () => {
    const made = await failed();
    await made.supervisor.stop('api:acme');
    correct(made);
    await settle();
    expect(stateOf(made)).toBe('stopped');
  });
});
