import { describe, expect, it } from 'vitest';
import type { ServiceConfig, Settings } from '../../../src/core/service/service.ts';
import { type FakeProcess, settle, type World, world } from '../fakes.ts';

/** Idle timeout of the world's service: a minute. */
async function connected(
  settings: Partial<Settings> = {},
  service: Partial<ServiceConfig> = {},
): Promise<{ made: World; process: FakeProcess }> {
  const made = world(service, settings);
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

/** Lets the process use the processor for this time. */
function run(process: FakeProcess, ms: number): void {
  process.ranMs += ms;
}

const stateOf = (made: World) => made.supervisor.get('api:acme').state;

describe('an instance with a silent direct connection', () => {
  it('stays awake while the connection may be a WebSocket', async () => {
    const { made } = await connected();
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openConnections: 1 });
  });

  it('sleeps in time when a front server keeps the connection for later, and its drain does not wait', async () => {
    const { made, process } = await connected();
    process.atRest = true;
    await made.clock.advance(60_000);
    expect(stateOf(made)).toBe('ready');
    await made.clock.advance(1500);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('is checked again, since the client may have left', async () => {
    const { made, process } = await connected();
    await made.clock.advance(70_000);
    process.atRest = true;
    await made.clock.advance(15_000);
    await settle();
    expect(stateOf(made)).toBe('asleep');
  });

  it('counts as used when bytes move before the answer', async () => {
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

  /** An instance with a connection kept by a front server, probed every ten seconds. */
  async function probed(probe: (process: FakeProcess, made: World) => Promise<void>) {
    const { made, process } = await connected({ healthCheckIntervalMs: 10_000 });
    process.atRest = true;
    process.probe = async () => {
      await probe(process, made);
      return { ok: true };
    };
    return { made, process };
  }

  it('is not kept awake by the probes that it answers (bug: it never slept)', async () => {
    const { made } = await probed(async (process, { clock }) => {
      run(process, 2);
      // The process closes the connection of the probe, for example, and Node has its timer for the date.
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

  it('is kept awake by traffic just before a probe began', async () => {
    const { made, process } = await probed(async () => {});
    for (let times = 0; times < 5; times += 1) {
      await made.clock.advance(29_999);
      run(process, 1);
      await made.clock.advance(1);
    }
    expect(stateOf(made)).toBe('ready');
  });

  it('is kept awake by a slow answer to a probe, since a request may hide behind it', async () => {
    const { made } = await probed(async (process, { clock }) => {
      run(process, 2);
      await new Promise<void>((resolve) => clock.after(400, resolve));
    });
    await made.clock.advance(200_000);
    expect(stateOf(made)).toBe('ready');
  });
});

describe('an instance with kept direct connections (bug: its end took drain_timeout, and it served on meanwhile)', () => {
  const kept = () => connected({}, { drainTimeoutMs: 30_000 });

  /** Direct requests in sequence, with a pause every `pauseEachMs`. */
  async function busyFor(ms: number, { made, process }: { made: World; process: FakeProcess }, pauseEachMs = 0) {
    for (let atMs = 0; atMs < ms && process.terminated.length === 0; atMs += 5) {
      if (pauseEachMs === 0 || atMs % pauseEachMs > 20) run(process, 1);
      await made.clock.advance(5);
    }
  }

  it('is ended by a stop at once when no bytes move', async () => {
    const { made, process } = await kept();
    void made.supervisor.stop('api:acme');
    await made.clock.advance(100);
    expect(process.terminated).toHaveLength(1);
  });

  it('waits at a restart three seconds for requests on them', async () => {
    const { made, process } = await kept();
    void made.supervisor.restart('api:acme');
    await made.clock.advance(2900);
    expect(process.terminated).toEqual([]);
    await made.clock.advance(500);
    expect(process.terminated).toHaveLength(1);
  });

  it.each([
    ['stop', 1000],
    ['restart', 5000],
    ['sleep', 5000],
  ] as const)('a %s waits %d ms for requests without a gap', async (verb, ms) => {
    const all = await kept();
    void all.made.supervisor[verb]('api:acme');
    await busyFor(ms - 100, all);
    expect(all.process.terminated).toEqual([]);
    await busyFor(300, all);
    expect(all.process.terminated).toHaveLength(1);
  });

  it('restarts in the first gap after three seconds', async () => {
    const all = await kept();
    void all.made.supervisor.restart('api:acme');
    await busyFor(2900, all, 200);
    expect(all.process.terminated).toEqual([]);
    await busyFor(600, all, 200);
    expect(all.process.terminated).toHaveLength(1);
  });

  it('is suspended when no bytes have moved for three seconds (bug: it was ended)', async () => {
    const { made, process } = await connected({}, { drainTimeoutMs: 30_000, idleAction: 'suspend' });
    void made.supervisor.sleep('api:acme');
    await made.clock.advance(1000);
    run(process, 1);
    await made.clock.advance(4500);
    expect([stateOf(made), process.terminated]).toEqual(['suspended', []]);
  });

  it('waits at a stop for requests of the proxy', async () => {
    const { made, process } = await kept();
    const claim = await made.supervisor.claim('api:acme', new AbortController().signal);
    void made.supervisor.stop('api:acme');
    await made.clock.advance(10_000);
    expect(process.terminated).toEqual([]);
    if ('release' in claim) claim.release();
    await made.clock.advance(100);
    expect(process.terminated).toHaveLength(1);
  });
});
