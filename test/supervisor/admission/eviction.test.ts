import { describe, expect, it } from 'vitest';
import type { Admission } from '../../../src/core/admission/serving.ts';
import { configOf, granted, here, ready, SERVICE, settle, type World, world } from '../fakes.ts';

const VISITOR = { client: '192.0.2.1' };
const WORKER = { client: '192.0.2.2' };
const SLEEPERS = Array.from({ length: 12 }, (_, index) => `s${index}`);

/** Sends one request, answered at once; false when it was refused or is still held. */
async function ask(made: World, id: string, asker = VISITOR): Promise<boolean | null> {
  const claim: { settled: Admission | null } = { settled: null };
  void Promise.resolve(made.supervisor.claim(`api:${id}`, here(), undefined, asker)).then((settled) => {
    claim.settled = settled;
  });
  await settle();
  made.processes.at(-1)?.becomeReady();
  await settle();
  if (claim.settled === null) return null;
  if ('refused' in claim.settled) return false;
  claim.settled.release('answered');
  return true;
}

async function worldWith(maxRunning: number): Promise<World> {
  const made = world({}, { maxRunning });
  for (const id of ['work', ...SLEEPERS]) await made.supervisor.spawn('api', id, { start: false });
  return made;
}

const stateOf = (made: World, id: string) => made.supervisor.get(`api:${id}`).state;

describe('a server with too few places', () => {
  it('lets a client of twelve sleeping instances take no answer from a tenant at work (bug: half of them were 503)', async () => {
    const made = await worldWith(4);
    expect(await ask(made, 'work', WORKER)).toBe(true);
    const pid = made.supervisor.get('api:work').pid;
    for (const id of [...SLEEPERS, ...SLEEPERS]) {
      await made.clock.advance(500);
      await ask(made, id);
      expect(stateOf(made, 'work')).toBe('ready');
    }
    expect(await ask(made, 'work', WORKER)).toBe(true);
    expect(made.supervisor.get('api:work').pid).toBe(pid);
  });

  it('refuses a client whose own requests fill it before evicting a tenant at work', async () => {
    const made = await worldWith(2);
    await ask(made, 'work', WORKER);
    const open = made.supervisor.claim('api:s0', here(), undefined, VISITOR);
    await settle();
    made.processes.at(-1)?.becomeReady();
    const lease = granted(await open);
    const refused = { refused: 'at_capacity', retryAfterS: 1 };
    expect(await made.supervisor.claim('api:s1', here(), undefined, VISITOR)).toEqual(refused);
    expect(stateOf(made, 'work')).toBe('ready');
    lease.release('answered');
    expect(await ask(made, 's1')).toBe(true);
    expect([stateOf(made, 's0'), stateOf(made, 'work')]).toEqual(['asleep', 'ready']);
  });

  it('stays open to others when one client has filled it', async () => {
    const made = await worldWith(4);
    for (const id of SLEEPERS.slice(0, 4)) await ask(made, id);
    expect(await ask(made, 'work', WORKER)).toBe(true);
    expect(stateOf(made, 's0')).toBe('asleep');
  });

  it('gives all its places to a single client, in order of use', async () => {
    const made = await worldWith(2);
    for (const id of ['s0', 's1', 's2']) expect(await ask(made, id)).toBe(true);
    expect(['s0', 's1', 's2'].map((id) => stateOf(made, id))).toEqual(['asleep', 'ready', 'ready']);
  });

  it('keeps a tenant at work when all clients look the same', async () => {
    const made = await worldWith(2);
    for (let second = 0; second < 3; second += 1) {
      expect(await ask(made, 'work')).toBe(true);
      await made.clock.advance(1000);
    }
    expect(await ask(made, 's0')).toBe(true);
    expect(await ask(made, 's1')).toBe(true);
    expect([stateOf(made, 'work'), stateOf(made, 's0')]).toEqual(['ready', 'asleep']);
  });

  it("learns from a worker's counts which client uses an instance", async () => {
    const made = await worldWith(2);
    await ask(made, 'work');
    const grant = made.supervisor.grant('api:work');
    await made.clock.advance(40_000);
    grant?.report({ requests: 0, streams: 0, total: 1, answered: 1, client: WORKER.client });
    await ask(made, 's0');
    await ask(made, 's1');
    expect([stateOf(made, 'work'), stateOf(made, 's0')]).toEqual(['ready', 'asleep']);
  });
});

describe('an instance with idle_timeout = 0', () => {
  it('is never evicted (bug: an instance that "never sleeps" was put to sleep)', async () => {
    const made = world({ idleTimeoutMs: 0 }, { maxRunning: 1 });
    await ready(made, 'first');
    const { view } = await made.supervisor.spawn('api', 'second');
    expect(view.state).toBe('asleep');
    expect(stateOf(made, 'first')).toBe('ready');
    await made.clock.advance(60_000);
    expect(await ask(made, 'second')).toBe(false);
  });

  it('may be evicted once a reload gives it an idle timeout', async () => {
    const made = world({ idleTimeoutMs: 0 }, { maxRunning: 1 });
    await ready(made, 'first');
    made.supervisor.apply(configOf({ ...SERVICE, idleTimeoutMs: 300_000 }, { maxRunning: 1 }));
    await ready(made, 'second');
    expect(stateOf(made, 'first')).toBe('asleep');
  });
});
