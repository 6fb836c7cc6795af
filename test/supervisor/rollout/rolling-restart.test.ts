import { expect, it } from 'vitest';
import { newRecord } from '../../../src/core/lifecycle/instance.ts';
import { configOf, FakeProcess, ready, SERVICE, settle, type World, world } from '../fakes.ts';

const withCommand = (...command: string[]) => configOf({ ...SERVICE, command }, {});
const states = ({ supervisor }: World) => supervisor.list().map(({ id, state }) => `${id} ${state}`);
const halts = ({ events }: World) => events.filter((type) => type === 'rollout-halted').length;

/** acme has a new config with which it does not become ready; globex still serves with the old one. */
async function halted(): Promise<World> {
  const made = world();
  await ready(made, 'acme');
  await ready(made, 'globex');
  made.supervisor.apply(withCommand('bad'));
  await settle();
  made.processes[2]?.exit(7);
  await settle();
  expect(states(made)).toEqual(['acme backoff', 'globex ready']);
  return made;
}

it('instances restart one at a time, each only when the one before it serves', async () => {
  const made = world();
  await ready(made, 'acme');
  await ready(made, 'globex');
  made.supervisor.apply(withCommand('new'));
  await settle();
  expect(made.processes).toHaveLength(3);
  expect(states(made)).toEqual(['acme starting', 'globex ready']);
  made.processes[2]?.becomeReady();
  await settle();
  expect(made.processes).toHaveLength(4);
  made.processes[3]?.becomeReady();
  await settle();
  expect(states(made)).toEqual(['acme ready', 'globex ready']);
});

it('an instance that does not become ready stops the rolling restart, with an event', async () => {
  const made = await halted();
  expect(made.processes).toHaveLength(3);
  expect(halts(made)).toBe(1);
});

it('an edit during recovery ends at most one instance (bug: two rolling restarts, one after the other)', async () => {
  const running = [new FakeProcess(41, 'app'), new FakeProcess(42, 'app')];
  const records = ['acme', 'globex'].map((id, index) => ({
    ...newRecord('api', id, { env: {}, limits: {} }, 1),
    state: 'ready' as const,
    desired: 'up' as const,
    process: running[index]?.record ?? null,
  }));
  const made = world({ command: ['app'] }, {}, { records, running });
  await made.supervisor.open();
  made.supervisor.apply(withCommand('bad'));
  for (const process of running) process.becomeReady();
  // Earlier connections to an adopted process are unknown: it drains for as long as it may.
  await made.clock.advance(SERVICE.drainTimeoutMs);
  made.processes[2]?.exit(7);
  await settle();
  expect(states(made)).toEqual(['acme backoff', 'globex ready']);
  expect(made.processes).toHaveLength(3);
  expect(halts(made)).toBe(1);
});

it('the next config is tried on the instance that failed, and the others wait for it', async () => {
  const made = await halted();
  made.supervisor.apply(withCommand('also bad'));
  await settle();
  expect(states(made)).toEqual(['acme starting', 'globex ready']);
  made.processes[3]?.exit(7);
  await settle();
  expect(states(made)).toEqual(['acme backoff', 'globex ready']);
  expect(halts(made)).toBe(2);
  made.supervisor.apply(withCommand('good'));
  await settle();
  made.processes[4]?.becomeReady();
  await settle();
  expect(states(made)).toEqual(['acme ready', 'globex starting']);
  made.processes[5]?.becomeReady();
  await settle();
  expect(states(made)).toEqual(['acme ready', 'globex ready']);
});

it('a stopped instance that had not become ready holds back no other', async () => {
  const made = await halted();
  await made.supervisor.stop('api:acme');
  made.supervisor.apply(withCommand('good'));
  await settle();
  made.processes[3]?.becomeReady();
  await settle();
  expect(states(made)).toEqual(['acme stopped', 'globex ready']);
  expect(made.processes[3]?.record.spec).toBe('good');
});

it('an instance that fails for a reason of its own holds back no other', async () => {
  const made = world();
  await ready(made, 'acme');
  await ready(made, 'globex');
  made.processes[0]?.exit(7);
  await settle();
  made.processes[2]?.exit(7);
  await settle();
  expect(states(made)).toEqual(['acme backoff', 'globex ready']);
  made.supervisor.apply(withCommand('good'));
  await settle();
  expect(states(made)).toEqual(['acme starting', 'globex starting']);
});

it('a config that changes while an instance restarts also reaches the instances restarted before', async () => {
  const made = world();
  await ready(made, 'acme');
  await ready(made, 'globex');
  made.supervisor.apply(withCommand('second'));
  await settle();
  made.processes[2]?.becomeReady();
  await settle();
  expect(states(made)).toEqual(['acme ready', 'globex starting']);
  made.supervisor.apply(withCommand('third'));
  for (const at of [3, 4, 5]) {
    made.processes[at]?.becomeReady();
    await settle();
  }
  expect(made.processes.slice(2).map(({ record }) => record.spec)).toEqual(['second', 'second', 'third', 'third']);
  expect(states(made)).toEqual(['acme ready', 'globex ready']);
});
