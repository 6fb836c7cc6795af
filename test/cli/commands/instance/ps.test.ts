import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { run } from '../../../../src/cli/program.ts';
import type { InstanceView } from '../../../../src/core/verbs/verbs.ts';
import { view } from '../../../api/fakes.ts';
import { testIo } from '../../io.ts';
import { runningCli } from '../../running.ts';

async function withInstances(
  ...views: readonly (readonly [name: `${string}:${string}`, changes: Partial<InstanceView>])[]
) {
  const running = await runningCli();
  for (const [name, changes] of views) {
    const [service = '', id = ''] = name.split(':');
    running.supervisor.views.set(name, view(name, { service, id, ...changes }));
  }
  const names = async (...argv: string[]) => {
    const { out } = await running.cli('ps', ...argv, '--json');
    return (JSON.parse(out) as InstanceView[]).map(({ instance }) => instance);
  };
  return { ...running, names };
}

test('ps shows only instances of a service or in one of several states', async () => {
  const { cli, names } = await withInstances(
    ['api:a', { state: 'ready' }],
    ['api:b', { state: 'failed' }],
    ['web:a', { state: 'asleep' }],
  );
  expect(await names('--service', 'api')).toEqual(['api:a', 'api:b']);
  expect(await names('--state', 'failed,asleep')).toEqual(['api:b', 'web:a']);
  expect(await names('--state', 'failed', '--state', 'ready')).toEqual(['api:a', 'api:b']);
  expect(await names('--state', 'failed', '--service', 'web')).toEqual([]);
  expect((await cli('ps', '--state', 'failed', '--service', 'web')).out).toBe('No such instances.\n');
});

test('ps --state with a word that is no state lists the states', async () => {
  const { cli } = await withInstances();
  const { status, err } = await cli('ps', '--state', 'broken');
  expect([status, err]).toEqual([2, expect.stringContaining('States are asleep, starting, ready')]);
});

test('ps --sort puts the largest figures first, and instances without a process last', async () => {
  const { names } = await withInstances(
    ['api:a', { memoryBytes: 1, requests: 9, startedAt: '2026-11-28T10:00:00Z', state: 'ready' }],
    ['api:b', { memoryBytes: 3, requests: 9, startedAt: '2026-11-28T09:00:00Z', state: 'failed' }],
    ['api:c', { memoryBytes: null, requests: 10, pid: null, startedAt: null, state: 'asleep' }],
  );
  expect(await names()).toEqual(['api:a', 'api:b', 'api:c']);
  expect(await names('--sort', 'memory')).toEqual(['api:b', 'api:a', 'api:c']);
  expect(await names('--sort', 'requests')).toEqual(['api:c', 'api:a', 'api:b']);
  expect(await names('--sort', 'uptime')).toEqual(['api:b', 'api:a', 'api:c']);
  expect(await names('--sort', 'state')).toEqual(['api:c', 'api:b', 'api:a']);
});

test('200 instances fit 80 columns with their names whole; --wide and pipes show every column', async () => {
  const { supervisor, env, cli } = await withInstances();
  const id = (index: number) => `customer-${index}-of-a-plan-with-a-long-name-${'x'.repeat(15)}`;
  for (let index = 0; index < 200; index += 1) supervisor.views.set(`api:${id(index)}`, view(`api:${id(index)}`));
  const terminal = testIo(env, true);
  expect(await run(['ps'], terminal.io)).toBe(0);
  const lines = stripVTControlCharacters(terminal.stdout.text).trimEnd().split('\n');
  expect(lines).toHaveLength(201);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.some((line) => line.startsWith(`api:${id(199)} `))).toBe(true);
  expect(lines[0]).toMatch(/^INSTANCE +STATE/);
  const heading = /^INSTANCE +STATE +PID +UPTIME +IDLE +MEMORY +RESTARTS +REQUESTS/;
  expect((await cli('ps')).out).toMatch(heading);
  const wide = testIo(env, true);
  await run(['ps', '--wide'], wide.io);
  expect(stripVTControlCharacters(wide.stdout.text)).toMatch(new RegExp(`${heading.source} +PLAN +IN FLIGHT`));
});
