/** Unexpected errors within one instance: they end its process at most, and nothing hangs. */
import { expect, it, onTestFinished } from 'vitest';
import { onFault } from '../../src/faults.ts';
import { granted, here, ready, settle, world } from './fakes.ts';

function faults(): string[] {
  const told: string[] = [];
  onTestFinished(onFault((error, where) => told.push(`${where['instance'] ?? where['pid']}: ${String(error)}`)));
  return told;
}

it('an exception of the launcher is a failed start, and the next is tried', async () => {
  const made = world();
  const told = faults();
  made.failLaunch = new Error('a bug');
  const spawned = made.supervisor.spawn('api', 'acme');
  await settle();
  expect((await spawned).view).toMatchObject({ state: 'backoff', lastExit: { reason: 'spawn_failed' } });
  expect(told).toEqual(['api:acme: Error: a bug']);
  made.failLaunch = null;
  await made.clock.advance(1500);
  made.processes[0]?.becomeReady();
  await settle();
  expect(made.supervisor.get('api:acme').state).toBe('ready');
});

it('a process whose end fails is ended again, and its place is given back', async () => {
  const made = world({}, { maxRunning: 1 });
  const told = faults();
  const process = await ready(made);
  process.endsThatFail = 1;
  const slept = made.supervisor.sleep('api:acme');
  await made.clock.advance(10_000);
  expect(await slept).toMatchObject({ state: 'asleep' });
  expect(told).toEqual([`${process.identity.pid}: Error: a bug`]);
  expect(process.terminated).toEqual([10_000, 0]);
  await ready(made, 'globex');
});

it('a step that fails half-way ends the process, and held requests are served by the next', async () => {
  const made = world({ idleAction: 'suspend' });
  const told = faults();
  const process = await ready(made);
  await made.supervisor.sleep('api:acme');
  process.resumeThrows = true;
  const claim = made.supervisor.claim('api:acme', here());
  await settle();
  await made.clock.advance(1500);
  made.processes[1]?.becomeReady();
  await settle();
  expect(granted(await claim).upstream).toBe(made.processes[1]?.upstream);
  expect(told).toEqual(['api:acme: Error: a bug']);
  expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready' });
});

it('an exception of a probe is a failed probe, and the next is made', async () => {
  const made = world({}, { healthCheckIntervalMs: 1000 });
  const process = await ready(made);
  process.probesThatFail = 1;
  await made.clock.advance(5000);
  expect(process.probes).toBeGreaterThan(2);
  expect(made.supervisor.get('api:acme').state).toBe('ready');
});
