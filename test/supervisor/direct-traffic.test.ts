import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/core/service.ts';
import { type FakeProcess, settle, type World, world } from './fakes.ts';

/** Idle timeout of the world's service: a minute. */
async function connected(settings: Partial<Settings> = {}): Promise<{ made: World; process: FakeProcess }> {
  const made = world({}, settings);
  const spawned = made.supervisor.spawn('api', 'acme');
  await settle();
  const [process] = made.processes;
  if (process === undefined) throw new Error('nothing was launched');
  process.becomeReady();
  await spawned;
  process.connected = true;
  made.connections.set(process.record.bindSocket, 1);
  return { made, process };
}

/** It takes the processor for so long. */
function run(process: FakeProcess, ms: number): void {
  process.ranMs += ms;
}

const stateOf = (made: World) => made.supervisor.get('api:acme').state;

describe('a connection straight to its socket on which nothing moves', () => {
  it('keeps it awake while it may be a WebSocket', async () => {
    const { made } = await connected();
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 1 });
  });

  it('does not when a front server keeps it for later: it sleeps in time, and its drain waits for nobody', async () => {
    const { made, process } = await connected();
    process.atRest = true;
    await made.clock.advance(60_000);
    expect(stateOf(made)).toBe('ready');
    await made.clock.advance(1500);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('is asked about again, since a client may have left', async () => {
    const { made, process } = await connected();
    await made.clock.advance(70_000);
    process.atRest = true;
    await made.clock.advance(15_000);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('counts as used when something moves before the answer', async () => {
    const { made, process } = await connected();
    const answer = Promise.withResolvers<boolean>();
    process.isAtRest = () => answer.promise;
    await made.clock.advance(62_000);
    run(process, 5);
    answer.resolve(true);
    await settle();
    await made.clock.advance(50_000);
    expect(stateOf(made)).toBe('ready');
  });

  /** Kept by a front server, of an instance that is probed every ten seconds. */
  async function probed(probe: (process: FakeProcess, made: World) => Promise<void>) {
    const { made, process } = await connected({ healthCheckIntervalMs: 10_000 });
    process.atRest = true;
    process.probe = async () => {
      await probe(process, made);
      return { ok: true };
    };
    return { made, process };
  }

  it('is not kept awake by the probes that it answers meanwhile (bug: it never slept)', async () => {
    const { made } = await probed(async (process, { clock }) => {
      run(process, 2);
      // It closes the connection of the probe, say, and Node has its timer for the date.
      clock.after(20, () => run(process, 1));
      clock.after(900, () => run(process, 0.5));
    });
    await made.clock.advance(62_000);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('is kept awake by requests between its probes', async () => {
    const { made, process } = await probed(async (asked) => run(asked, 2));
    for (let times = 0; times < 5; times += 1) {
      await made.clock.advance(25_500);
      run(process, 0.5);
    }
    expect(stateOf(made)).toBe('ready');
  });

  it('is kept awake by what it did just before a probe began', async () => {
    const { made, process } = await probed(async () => {});
    for (let times = 0; times < 5; times += 1) {
      await made.clock.advance(29_999);
      run(process, 1);
      await made.clock.advance(1);
    }
    expect(stateOf(made)).toBe('ready');
  });

  it('is kept awake by a probe that it takes long to answer, since a request may hide behind that', async () => {
    const { made } = await probed(async (process, { clock }) => {
      run(process, 2);
      await new Promise<void>((resolve) => clock.after(400, resolve));
    });
    await made.clock.advance(200_000);
    expect(stateOf(made)).toBe('ready');
  });
});
