import { describe, expect, it } from 'vitest';
import type { Config, ServiceConfig } from '../../../src/core/service/service.ts';
import { configOf, granted, here, SERVICE, settle, type World, world } from '../fakes.ts';

const listed = (...ids: string[]) => ids.map((tenantId) => ({ service: 'api', tenantId, start: true }));

/** Puts instances to be started into the config. */
function list(made: World, settings: Partial<Config['settings']>, ...ids: string[]): void {
  made.supervisor.apply({ ...configOf(SERVICE, settings), instances: listed(...ids) });
}

/** Ids whose process was launched, in order. */
const launched = (made: World) => made.launched.map(({ tenantId }) => tenantId);

describe('the order of starts', () => {
  it('puts a start that a request waits for before those of [instances] (bug: it waited for 26 of them)', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    list(made, { maxConcurrentStarts: 1 }, 'a', 'b', 'c');
    await made.supervisor.spawn('api', 'visited', { start: false });
    await settle();
    const held = made.supervisor.claim('api:visited', here());
    made.processes[0]?.becomeReady();
    await settle();
    expect(launched(made)).toEqual(['a', 'visited']);
    made.processes[1]?.becomeReady();
    expect(granted(await held).instance).toBe('api:visited');
  });

  it('puts a start of [instances] that a request waits for before the others', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    list(made, { maxConcurrentStarts: 1 }, 'a', 'b', 'c');
    await settle();
    void made.supervisor.claim('api:c', here());
    made.processes[0]?.becomeReady();
    await settle();
    expect(launched(made)).toEqual(['a', 'c']);
  });

  it('puts a start by an operator before [instances] and after requests', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    await made.supervisor.spawn('api', 'visited', { start: false });
    list(made, { maxConcurrentStarts: 1 }, 'a', 'b');
    await settle();
    void made.supervisor.spawn('api', 'asked');
    void made.supervisor.claim('api:visited', here());
    for (const index of [0, 1, 2]) {
      await settle();
      made.processes[index]?.becomeReady();
    }
    await settle();
    expect(launched(made)).toEqual(['a', 'visited', 'asked', 'b']);
  });

  it('puts a restart after a crash after starts that someone waits for', async () => {
    const made = world({}, { maxConcurrentStarts: 1, backoffBaseMs: 10 });
    await made.supervisor.spawn('api', 'visited', { start: false });
    void made.supervisor.spawn('api', 'crashes');
    await settle();
    made.processes[0]?.exit(1);
    await settle();
    void made.supervisor.spawn('api', 'slow');
    await settle();
    await made.clock.advance(10);
    void made.supervisor.claim('api:visited', here());
    made.processes[1]?.becomeReady();
    await settle();
    expect(launched(made)).toEqual(['crashes', 'slow', 'visited']);
  });
});

describe('a start that uses no processor', () => {
  const mute: ServiceConfig = { ...SERVICE, name: 'mute', command: ['mute'], socket: '/mute-{id}' };
  const settings = { maxConcurrentStarts: 2 };

  /** Two instances that never listen occupy both places. */
  async function muted(): Promise<World> {
    const made = world({}, settings);
    const config = configOf(SERVICE, settings);
    made.supervisor.apply({ ...config, services: new Map([...config.services, ['mute', mute]]) });
    for (const id of ['one', 'two']) await made.supervisor.spawn('mute', id, { wait: false });
    await made.supervisor.spawn('api', 'healthy', { start: false });
    await settle();
    return made;
  }

  it('gives its place up, so that two instances that never listen delay no others (bug: a healthy wake took 29 s)', async () => {
    const made = await muted();
    const held = made.supervisor.claim('api:healthy', here());
    await made.clock.advance(999);
    expect(launched(made)).toEqual(['one', 'two']);
    await made.clock.advance(1);
    expect(launched(made)).toEqual(['one', 'two', 'healthy']);
    made.processes[2]?.becomeReady();
    expect(granted(await held).instance).toBe('api:healthy');
    expect(made.supervisor.get('mute:one').state).toBe('starting');
  });

  it('keeps its place while it is busy, for five times the usual time', async () => {
    const made = await muted();
    const busy = setBusy(made);
    void made.supervisor.claim('api:healthy', here());
    for (let second = 1; second < 5; second += 1) {
      busy(second);
      await made.clock.advance(1000);
      expect(launched(made)).toHaveLength(2);
    }
    busy(5);
    await made.clock.advance(1000);
    expect(launched(made)).toHaveLength(3);
  });

  it('gives its place up only once', async () => {
    const made = await muted();
    await made.clock.advance(1000);
    for (const process of made.processes) process.exit(1);
    await settle();
    for (const id of ['a', 'b', 'c']) await made.supervisor.spawn('api', id, { wait: false });
    await settle();
    expect(launched(made).slice(2)).toEqual(['a', 'b']);
  });

  it('keeps its place for the usual start time of its service', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    const first = made.supervisor.spawn('api', 'first');
    await settle();
    await made.clock.advance(4000);
    made.processes[0]?.becomeReady();
    await first;
    for (const id of ['second', 'third']) await made.supervisor.spawn('api', id, { wait: false });
    await made.clock.advance(3999);
    expect(launched(made)).toEqual(['first', 'second']);
    await made.clock.advance(1);
    expect(launched(made)).toEqual(['first', 'second', 'third']);
  });

  /** Advances the time while all starting processes run. */
  function setBusy(made: World): (seconds: number) => void {
    return (seconds) => {
      for (const process of made.processes) process.ranMs = seconds * 1000;
    };
  }
});

describe('[instances] with start = false', () => {
  const registered = [{ service: 'api', tenantId: 'acme', start: false }];

  it('are registered asleep, and a request wakes them', async () => {
    const made = world();
    made.supervisor.apply({ ...made.config, instances: registered });
    await settle();
    expect(made.supervisor.get('api:acme').state).toBe('asleep');
    expect(made.processes).toEqual([]);
    void made.supervisor.claim('api:acme', here());
    await settle();
    expect(launched(made)).toEqual(['acme']);
  });

  it('are started by a reload that says start = true, and not stopped by one that takes it back', async () => {
    const made = world();
    made.supervisor.apply({ ...made.config, instances: registered });
    const words = made.supervisor.apply({ ...made.config, instances: listed('acme') });
    expect(words).toEqual(['instance api:acme: registered and started']);
    await settle();
    made.processes[0]?.becomeReady();
    await settle();
    expect(made.supervisor.apply({ ...made.config, instances: registered })).toEqual([]);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
  });
});
