/** One table of bad inputs, through the three ways to spawn: each refuses them, and registers nothing. */
import { expect, it } from 'vitest';
import { Hypervisor } from '../../src/hypervisor.ts';
import { BAD_INPUTS } from '../fixtures/spawn-inputs.ts';
import { loadHypervisor } from './hypervisors.ts';
import { serve } from './support.ts';

const CONFIG = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\n';

/** JSON has neither infinity nor NaN, so a client sends text. */
const asJson = (_key: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

it('the library refuses each bad input as bad_input', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  for (const { options, message } of BAD_INPUTS) {
    await expect(hypervisor.spawn('app', 'acme', options as object)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(message),
    });
  }
  expect(hypervisor.list()).toEqual([]);
});

it('the API refuses each bad input with 400, and the command line with status 2', async () => {
  const server = await serve(CONFIG);
  for (const { options } of BAD_INPUTS) {
    const body = JSON.stringify({ service: 'app', id: 'acme', ...(options as object) }, asJson);
    const headers = { 'content-type': 'application/json' };
    const answer = await server.api('/api/instances', { method: 'POST', headers, body });
    expect([body, answer.status, JSON.parse(answer.body).code]).toEqual([body, 400, 'bad_input']);
  }
  const commands = BAD_INPUTS.flatMap(({ words }) => (words === null ? [] : [words]));
  for (const words of commands) {
    const { status, stderr } = await server.cliOverHttp('spawn', 'app', '--id', 'acme', ...words);
    expect([words, status, stderr]).toEqual([words, 2, expect.stringMatching(/^tenement: .*\((usage|bad_input)\)\n/)]);
  }
  expect(JSON.parse((await server.api('/api/instances')).body)).toEqual({ instances: [], next: null });
});

it.each([
  ['a path that is none', [5], 'file: expected the path of a config, but this is 5'],
  [
    'an unknown key',
    [{ dataDri: 'x' }],
    'options: known are logger, dataDir, proxyPort, hooks, clock, but this is "dataDri"',
  ],
  ['a port that is none', [{ proxyPort: Number.NaN }], 'proxyPort: expected a whole number from 0 to 65535'],
  ['a directory that is none', [{ dataDir: 5 }], 'dataDir: expected a path, but this is 5'],
  ['a logger without functions', [{ logger: {} }], 'logger: expected functions debug, info, warn, error'],
])('load refuses %s', async (_what, [given], message) => {
  const args = typeof given === 'object' ? ['none.toml', given] : [given];
  const load = Hypervisor.load as (...all: unknown[]) => Promise<unknown>;
  await expect(load.apply(Hypervisor, args)).rejects.toMatchObject({
    code: 'bad_input',
    message: expect.stringContaining(message),
  });
});

it('verbs refuse text that is no instance and unknown options, and change nothing', async () => {
  const hypervisor = await loadHypervisor(CONFIG);
  await hypervisor.spawn('app', 'acme', { start: false });
  const untyped = hypervisor as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const verb of ['start', 'stop', 'restart', 'sleep', 'remove'] as const) {
    for (const name of [undefined, 5, 'app', {}]) {
      await expect(untyped[verb]?.(name)).rejects.toMatchObject({ code: 'bad_id' });
    }
  }
  await expect(untyped['spawn']?.('app', 5)).rejects.toMatchObject({ code: 'bad_id' });
  await expect(untyped['remove']?.('app:acme', { purg: true })).rejects.toMatchObject({ code: 'bad_input' });
  await expect(untyped['remove']?.('app:acme', { purge: 'no' })).rejects.toMatchObject({ code: 'bad_input' });
  expect(() => hypervisor.events.list({ type: 'nope' as 'woke' })).toThrow(
    expect.objectContaining({ code: 'bad_input' }),
  );
  for (const options of [{ keepTenant: true }, { drainTimeoutMs: -1 }, { hurry: new AbortController() }]) {
    expect(() => untyped['close']?.(options)).toThrow(expect.objectContaining({ code: 'bad_input' }));
  }
  expect(hypervisor.list().map(({ instance, state }) => [instance, state])).toEqual([['app:acme', 'asleep']]);
});
