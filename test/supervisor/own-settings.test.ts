import { describe, expect, it } from 'vitest';
import { ready, settle, world } from './fakes.ts';

describe('set', () => {
  it('applies limits under the running process, and writes them first', async () => {
    const made = world();
    await ready(made);
    const view = await made.supervisor.set('api:acme', { limits: { memoryLimitMb: 512 } });
    expect(view).toMatchObject({ state: 'ready', limits: { memoryLimitMb: 512 } });
    expect(made.saved.get('api:acme')?.limits).toEqual({ memoryLimitBytes: 512 * 1024 ** 2 });
    expect(made.processes).toHaveLength(1);
    await made.supervisor.set('api:acme', { limits: { memoryLimitMb: null } });
    expect(made.saved.get('api:acme')?.limits).toEqual({});
  });

  it('restarts for variables, and holds requests meanwhile', async () => {
    const made = world();
    await ready(made);
    const set = made.supervisor.set('api:acme', { env: { A: '1' } });
    await settle();
    const held = made.supervisor.claim('api:acme', new AbortController().signal);
    made.processes.at(-1)?.becomeReady();
    expect(await set).toMatchObject({ state: 'ready' });
    expect(await held).toMatchObject({ instance: 'api:acme' });
    expect(made.launched.map(({ service }) => service.ownEnv)).toEqual([{}, { A: '1' }]);
  });

  it('wakes nothing', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    expect(await made.supervisor.set('api:acme', { env: { A: '1' } })).toMatchObject({ state: 'asleep' });
    expect(made.launched).toEqual([]);
  });

  it('that changes nothing writes nothing', async () => {
    const made = world();
    await ready(made);
    await made.supervisor.set('api:acme', { env: { A: null }, limits: { cpuLimit: null } });
    expect(made.events).not.toContain('changed');
  });

  it('that cannot be written changes nothing', async () => {
    const made = world();
    await ready(made);
    made.failSave = true;
    await expect(made.supervisor.set('api:acme', { env: { A: '1' } })).rejects.toMatchObject({ code: 'state_failed' });
    made.failSave = false;
    expect(made.launched).toHaveLength(1);
    expect(made.saved.get('api:acme')?.env).toEqual({});
  });
});
