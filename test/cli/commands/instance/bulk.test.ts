import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import type { InstanceName } from '../../../../src/core/lifecycle/instance.ts';
import type { InstanceView } from '../../../../src/core/verbs/verbs.ts';
import { CRASHED, view } from '../../../api/fakes.ts';
import { testIo } from '../../io.ts';
import { runningCli } from '../../running.ts';

async function withInstances(states: Readonly<Record<InstanceName, InstanceView['state']>>) {
  const running = await runningCli();
  for (const [name, state] of Object.entries(states) as [InstanceName, InstanceView['state']][]) {
    const desired = state === 'stopped' ? 'stopped' : 'up';
    running.supervisor.views.set(name, view(name, { state, desired }));
  }
  const calls = () => running.supervisor.calls.map(([verb, name]) => `${String(verb)} ${String(name)}`);
  return { ...running, calls };
}

const MIXED = { 'api:a': 'ready', 'api:b': 'asleep', 'api:c': 'stopped', 'web:a': 'failed', 'web:b': 'ready' } as const;

test.each<[words: string[], called: string[]]>([
  [
    ['restart', '--all'],
    ['restart api:a', 'restart web:a', 'restart web:b'],
  ],
  [['restart', 'api', '--all'], ['restart api:a']],
  [['restart', '--all', '--service', 'web', '--state', 'failed'], ['restart web:a']],
  [
    ['stop', '--all'],
    ['stop api:a', 'stop api:b', 'stop web:a', 'stop web:b'],
  ],
  [
    ['sleep', '--all'],
    ['sleep api:a', 'sleep web:b'],
  ],
  [['wake', '--all'], ['start api:b']],
  [
    ['start', '--all'],
    ['start api:b', 'start api:c', 'start web:a'],
  ],
  [['start', '--all', '--state', 'stopped'], ['start api:c']],
  [
    ['stop', 'api:a', 'web:b', 'api:a'],
    ['stop api:a', 'stop web:b'],
  ],
])('%j concerns %j', async (words, called) => {
  const { cli, calls } = await withInstances(MIXED);
  const { status, err } = await cli(...words, '--parallel', '1');
  expect([calls(), err, status]).toEqual([called, '', 0]);
});

test('a line for each instance is followed by a summary', async () => {
  const { cli } = await withInstances(MIXED);
  const { out } = await cli('sleep', '--all', '--parallel', '1');
  expect(out).toMatch(/^api:a asleep\nweb:b asleep\nput to sleep 2 instances, in \d+s\n$/);
});

test('a restart of several halts at the first that does not come up, or goes on with --keep-going', async () => {
  const { cli, calls, supervisor } = await withInstances({ 'api:a': 'ready', 'api:b': 'ready', 'api:c': 'ready' });
  const { restart } = supervisor;
  supervisor.restart = async (name) => {
    const after = await restart.call(supervisor, name);
    return name === 'api:b' ? { ...after, ...CRASHED } : after;
  };
  const halted = await cli('restart', '--all');
  expect(halted.status).toBe(1);
  expect(halted.out).toMatch(
    /^api:a ready\nrestarted 1 of 3 instances, 1 failed, 1 left as it is, in \d+s; --keep-going goes on after a failure\n$/,
  );
  expect(halted.err).toBe('tenement: api:b did not start: ended with code 7 before it was ready (start_failed)\n');
  expect(calls()).toEqual(['restart api:a', 'restart api:b']);
  const whole = await cli('restart', '--all', '--keep-going');
  expect([whole.status, whole.out]).toEqual([
    1,
    expect.stringMatching(/api:c ready\nrestarted 2 of 3 instances, 1 failed/),
  ]);
});

test('--parallel bounds how many are worked on at once', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `api:t${index}` as const);
  const { cli, supervisor } = await withInstances(Object.fromEntries(names.map((name) => [name, 'ready'])));
  let now = 0;
  let most = 0;
  supervisor.stop = async (name) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    return view(name, { state: 'stopped' });
  };
  expect((await cli('stop', '--all', '--parallel', '3')).status).toBe(0);
  expect(most).toBeLessThanOrEqual(3);
});

test('--json prints the outcome of each, and the exit status is the highest of the failures', async () => {
  const { cli } = await withInstances(MIXED);
  const { status, out, err } = await cli('stop', 'api:a', 'api:nobody', '--json', '--parallel', '1');
  expect([status, err]).toEqual([1, '']);
  expect(JSON.parse(out)).toEqual([
    { instance: 'api:a', state: 'stopped', error: null },
    { instance: 'api:nobody', state: null, error: expect.objectContaining({ code: 'unknown_tenant' }) },
  ]);
});

test('a terminal shows how many are done, and keeps nothing of that', async () => {
  const { env } = await withInstances(MIXED);
  const { io, stderr } = testIo(env, true);
  expect(await run(['sleep', '--all', '--parallel', '1'], io)).toBe(0);
  expect(stderr.text).toContain('0 of 2: api:a');
  expect(stderr.text.endsWith('\r\u001b[K')).toBe(true);
});

test('Ctrl-C leaves the instances that remain as they are', async () => {
  const { env, calls, supervisor } = await withInstances({ 'api:a': 'ready', 'api:b': 'ready' });
  const { io, stdout, interrupt } = testIo(env);
  const { stop } = supervisor;
  supervisor.stop = (name) => {
    interrupt.abort();
    return stop.call(supervisor, name);
  };
  expect(await run(['stop', '--all', '--parallel', '1'], io)).toBe(130);
  expect([calls(), stdout.text]).toEqual([
    ['stop api:a'],
    expect.stringContaining('stopped 1 of 2 instances, 1 left as it is'),
  ]);
});

test('wake does not start a stopped instance', async () => {
  const { cli, calls } = await withInstances(MIXED);
  const { status, err } = await cli('wake', 'api:c');
  expect([status, err, calls()]).toEqual([1, expect.stringContaining('a request does not wake it (stopped)'), []]);
});

test.each([
  [['stop'], 'stop what? (usage)'],
  [['stop', '--state', 'ready'], 'choose among --all (usage)'],
  [['stop', 'api:a', '--all'], '--all takes services, and api:a is an instance (usage)'],
  [['stop', 'api', 'web', '--id', 'a'], '--id names one instance'],
])('%j says what is missing, and does nothing', async (words, message) => {
  const { cli, calls } = await withInstances(MIXED);
  const { status, err } = await cli(...words);
  expect([status, err, calls()]).toEqual([2, expect.stringContaining(message), []]);
});
