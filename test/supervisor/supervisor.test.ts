import { describe, expect, it } from 'vitest';
import type { Lease } from '../../src/core/admission/serving.ts';
import type { SupervisorVerbs } from '../../src/core/verbs/verbs.ts';
import { granted, here, ready, settle, type World, world } from './fakes.ts';

describe('a wake', () => {
  it('launches one process for many requests, and admits them all', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    const claims = [1, 2, 3].map(() => made.supervisor.claim('api:acme', here()));
    await settle();
    expect(made.processes).toHaveLength(1);
    made.processes[0]?.becomeReady();
    const leases = (await Promise.all(claims)).map(granted);
    expect(new Set(leases.map((lease) => lease.generation)).size).toBe(1);
    expect(made.supervisor.get('api:acme')).toMatchObject({ wakes: 1, inFlight: 3 });
  });

  it('says how many requests wait, and what the last health check found', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { wait: false });
    await settle();
    const reason = () => made.supervisor.get('api:acme').reason;
    expect(reason()).toBe('starting');
    const process = made.processes[0];
    if (process !== undefined) process.lastHealth = 'GET /health answered 503';
    expect(reason()).toBe('starting; GET /health answered 503');
    void made.supervisor.claim('api:acme', here());
    expect(reason()).toBe('starting, 1 request waits; GET /health answered 503');
  });

  it('refuses requests beyond wake_queue at once', async () => {
    const made = world({ wakeQueue: 1 });
    await made.supervisor.spawn('api', 'acme', { start: false });
    void made.supervisor.claim('api:acme', here());
    expect(made.supervisor.claim('api:acme', here())).toEqual({ refused: 'wake_queue_full', retryAfterS: 1 });
  });

  it('frees the place of a client that leaves, and serves the next request (trap: waking flag not cleared)', async () => {
    const made = world({ wakeQueue: 1 });
    await made.supervisor.spawn('api', 'acme', { start: false });
    const client = new AbortController();
    const left = made.supervisor.claim('api:acme', client.signal);
    client.abort();
    expect(await left).toMatchObject({ refused: 'starting' });
    const next = made.supervisor.claim('api:acme', here());
    await settle();
    made.processes[0]?.becomeReady();
    expect(granted(await next).instance).toBe('api:acme');
  });

  it('does not start a process when all waiting clients have left', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    for (const id of ['acme', 'globex']) await made.supervisor.spawn('api', id, { start: false });
    void made.supervisor.claim('api:acme', here());
    const client = new AbortController();
    const left = made.supervisor.claim('api:globex', client.signal);
    await settle();
    expect(made.supervisor.get('api:globex').state).toBe('starting');
    client.abort();
    await left;
    await settle();
    expect(made.supervisor.get('api:globex').state).toBe('asleep');
    made.processes[0]?.becomeReady();
    await settle();
    expect(made.processes).toHaveLength(1);
  });

  it('starts the instance again for held requests after a sleep during the start (bug: they got at_capacity)', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    const held = made.supervisor.claim('api:acme', here());
    await settle();
    await made.supervisor.sleep('api:acme');
    await settle();
    made.processes[1]?.becomeReady();
    expect(granted(await held).instance).toBe('api:acme');
  });

  it('starts the instance for held requests after a sleep during back-off (bug: they got start_failed)', async () => {
    const made = world();
    const process = await ready(made);
    process.exit(1);
    await settle();
    made.processes[1]?.exit(1);
    await settle();
    const held = made.supervisor.claim('api:acme', here());
    await made.supervisor.sleep('api:acme');
    await settle();
    made.processes[2]?.becomeReady();
    expect(granted(await held).instance).toBe('api:acme');
  });

  it("carries out an operator's start, whichever clients leave", async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    for (const id of ['acme', 'globex']) await made.supervisor.spawn('api', id, { start: false });
    void made.supervisor.claim('api:acme', here());
    const client = new AbortController();
    void made.supervisor.claim('api:globex', client.signal);
    void made.supervisor.start('api:globex');
    await settle();
    client.abort();
    made.processes[0]?.becomeReady();
    await settle();
    expect(made.processes).toHaveLength(2);
  });

  it.each<[string, (supervisor: SupervisorVerbs) => Promise<unknown>]>([
    ['start', (supervisor) => supervisor.start('api:globex', { wait: false })],
    ['spawn', (supervisor) => supervisor.spawn('api', 'globex', { wait: false })],
  ])('so is one by %s that does not wait for it (bug: it left with the client)', async (_verb, ask) => {
    const made = world({}, { maxConcurrentStarts: 1 });
    for (const id of ['acme', 'globex']) await made.supervisor.spawn('api', id, { start: false });
    void made.supervisor.claim('api:acme', here());
    const client = new AbortController();
    void made.supervisor.claim('api:globex', client.signal);
    await ask(made.supervisor);
    client.abort();
    made.processes[0]?.becomeReady();
    await settle();
    expect(made.processes).toHaveLength(2);
  });

  it('passes held requests on to the restart after a failed start', async () => {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { start: false });
    const held = made.supervisor.claim('api:acme', here());
    await settle();
    made.processes[0]?.exit(1);
    await settle();
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'backoff', lastExit: { code: 1, reason: 'exit' } });
    await made.clock.advance(1000);
    made.processes[1]?.becomeReady();
    expect(granted(await held).generation).toBe(1);
  });

  it('holds no request through repeated crashes for longer than a start may take (bug: forever)', async () => {
    const made = world({ startupTimeoutMs: 5000 }, { maxRestarts: 1000 });
    await made.supervisor.spawn('api', 'acme', { start: false });
    const held = made.supervisor.claim('api:acme', here());
    for (let crash = 0; crash < 4; crash += 1) {
      await settle();
      made.processes[crash]?.exit(1);
      await settle();
      await made.clock.advance(1000 * 2 ** crash);
    }
    expect(await held).toMatchObject({ refused: 'backoff' });
    const next = made.supervisor.claim('api:acme', here());
    await settle();
    made.processes.at(-1)?.becomeReady();
    expect(granted(await next).instance).toBe('api:acme');
  });

  it('refuses held requests after a failed start with restart = "never", and the next request tries again', async () => {
    const made = world({ restart: 'never' });
    await made.supervisor.spawn('api', 'acme', { start: false });
    const held = made.supervisor.claim('api:acme', here());
    await settle();
    made.processes[0]?.exit(1);
    expect(await held).toEqual({ refused: 'start_failed', retryAfterS: 1 });
    void made.supervisor.claim('api:acme', here());
    await settle();
    expect(made.processes).toHaveLength(2);
  });

  it('follows a crash with restart = "never" for the requests that crashed with it (bug: they were refused)', async () => {
    const made = world({ restart: 'never' });
    const first = await ready(made);
    const lease = granted(await made.supervisor.claim('api:acme', here()));
    first.exit(7);
    await settle();
    lease.release('broke-off');
    const again = made.supervisor.claim('api:acme', here(), { request: 'GET /', generation: lease.generation });
    await settle();
    made.processes[1]?.becomeReady();
    expect(granted(await again).generation).not.toBe(lease.generation);
  });

  it('serves a request that comes during the sleep by the next process', async () => {
    const made = world();
    const first = await ready(made);
    void made.supervisor.sleep('api:acme');
    const held = made.supervisor.claim('api:acme', here());
    await settle();
    expect(first.terminated).toEqual([10_000]);
    made.processes[1]?.becomeReady();
    expect(granted(await held).generation).toBe(2);
  });

  it('ends a process not ready within startup_timeout, and says what was missing', async () => {
    const made = world();
    const spawned = made.supervisor.spawn('api', 'acme');
    await settle();
    await made.clock.advance(30_000);
    expect((await spawned).view).toMatchObject({
      state: 'backoff',
      lastExit: { reason: 'startup_timeout', detail: 'not listening' },
    });
  });

  it('counts a command that cannot be run as a failed start', async () => {
    const made = world();
    made.failLaunch = 'command not found: app';
    const { view } = await made.supervisor.spawn('api', 'acme');
    expect(view).toMatchObject({
      state: 'backoff',
      lastExit: { reason: 'spawn_failed', detail: 'command not found: app' },
    });
  });
});

describe('spawning again', () => {
  const own = { env: { A: '1', B: '2' }, limits: { memoryLimitMb: 64, pidsLimit: 5 } };

  async function registered() {
    const made = world();
    await made.supervisor.spawn('api', 'acme', { ...own, start: false });
    return made;
  }

  it('with the same options, or some of them, changes nothing', async () => {
    const made = await registered();
    for (const again of [own, {}, { env: {} }, { env: { B: '2' } }, { limits: { pidsLimit: 5 } }]) {
      expect(await made.supervisor.spawn('api', 'acme', { ...again, start: false })).toMatchObject({ created: false });
    }
  });

  it.each([
    [{ env: { A: '2' } }, 'another value of A'],
    [{ env: { A: '1', C: '' } }, 'another value of C'],
    [{ limits: { memoryLimitMb: 65 } }, 'another memory_limit_mb'],
    [{ limits: { cpuLimit: 1 }, env: { B: '1' } }, 'another value of B and another cpu_limit'],
  ])('with %j is refused, and nothing changes (bug: it was ignored)', async (again, difference) => {
    const made = await registered();
    await expect(made.supervisor.spawn('api', 'acme', again)).rejects.toMatchObject({
      code: 'already_registered',
      httpStatus: 409,
      message: `api:acme is registered, and this spawn asks for ${difference}`,
    });
    expect(made.saved.get('api:acme')).toMatchObject({ env: own.env, state: 'asleep' });
    expect(made.processes).toHaveLength(0);
  });
});

describe('sleep', () => {
  it('comes an idle timeout after the end of the last request, not its beginning (trap: long downloads cut)', async () => {
    const made = world();
    await ready(made);
    const lease = granted(await made.supervisor.claim('api:acme', here()));
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
    lease.release();
    await made.clock.advance(59_999);
    expect(made.supervisor.get('api:acme').state).toBe('ready');
    await made.clock.advance(1);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'asleep', pid: null });
  });

  it('is prevented by an open stream, for which a stop does not wait', async () => {
    const made = world();
    await ready(made);
    const lease = granted(await made.supervisor.claim('api:acme', here()));
    lease.becomeStream();
    await made.clock.advance(200_000);
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', openStreams: 1 });
    expect((await made.supervisor.stop('api:acme')).state).toBe('stopped');
  });

  it('by a stop waits for requests in flight, at most drain_timeout', async () => {
    const made = world();
    const process = await ready(made);
    granted(await made.supervisor.claim('api:acme', here()));
    const stopped = made.supervisor.stop('api:acme');
    await settle();
    expect(process.terminated).toEqual([]);
    await made.clock.advance(5000);
    expect((await stopped).state).toBe('stopped');
  });

  it('counts a lease released twice only once', async () => {
    const made = world();
    await ready(made);
    const lease = granted(await made.supervisor.claim('api:acme', here()));
    lease.release();
    lease.release();
    expect(made.supervisor.get('api:acme').inFlight).toBe(0);
  });
});

describe('crash loops', () => {
  it('end in failed, answer at once, and are retried once after the window', async () => {
    const made = world({}, { maxRestarts: 1 });
    await ready(made);
    made.processes[0]?.exit(1);
    await settle();
    await made.clock.advance(1000);
    made.processes[1]?.exit(1);
    await settle();
    expect(made.supervisor.claim('api:acme', here())).toEqual({ refused: 'failed', retryAfterS: 300 });
    await made.clock.advance(300_000);
    expect(made.processes).toHaveLength(3);
    made.processes[2]?.exit(1);
    await settle();
    expect(made.supervisor.get('api:acme').state).toBe('failed');
  });

  it('do not count a late exit against the next process (bug: it was ended)', async () => {
    const made = world();
    const first = await ready(made);
    first.terminate = async () => {};
    const restarted = made.supervisor.restart('api:acme');
    await settle();
    made.processes[1]?.becomeReady();
    await restarted;
    first.exit(137);
    await settle();
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'ready', pid: 2 });
  });

  it('include a restart after three failed probes', async () => {
    const made = world({}, { healthCheckIntervalMs: 100 });
    const process = await ready(made);
    process.healthy = false;
    await made.clock.advance(300);
    expect(made.supervisor.get('api:acme')).toMatchObject({
      state: 'starting',
      restarts: 1,
      lastExit: { reason: 'unhealthy', detail: 'sick' },
    });
  });
});

describe('a process that answers no probe', () => {
  async function silent(requests: number) {
    const made = world({ idleTimeoutMs: 0, requestTimeoutMs: 60_000 }, { healthCheckIntervalMs: 10_000 });
    const process = await ready(made);
    const leases: Lease[] = [];
    for (let index = 0; index < requests; index += 1)
      leases.push(granted(await made.supervisor.claim('api:acme', here())));
    process.silent = true;
    return { made, process, leases };
  }

  it('counts as busy while a request is in flight (bug: one busy worker was ended by three probes)', async () => {
    const { made, process, leases } = await silent(1);
    await made.clock.advance(50_000);
    leases[0]?.release('answered');
    process.silent = false;
    await made.clock.advance(60_000);
    expect(process.terminated).toEqual([]);
  });

  it('counts as busy as long as it answers requests', async () => {
    const { made, process, leases } = await silent(5);
    for (const lease of leases) {
      await made.clock.advance(50_000);
      lease.release('answered');
    }
    expect(process.terminated).toEqual([]);
  });

  it('is ended when it does not answer requests either', async () => {
    const { made, process, leases } = await silent(5);
    for (const lease of leases) {
      await made.clock.advance(50_000);
      lease.release();
    }
    expect(process.terminated).not.toEqual([]);
  });

  it('is ended at once when it has no request', async () => {
    const { made, process } = await silent(0);
    await made.clock.advance(30_000);
    expect(process.terminated).not.toEqual([]);
  });
});

describe('a full server', () => {
  it('puts the least recently used idle instance to sleep at max_running', async () => {
    const made = world({}, { maxRunning: 2 });
    await ready(made, 'old');
    await made.clock.advance(10);
    await ready(made, 'new');
    await ready(made, 'third');
    expect(made.supervisor.list().map((view) => `${view.id} ${view.state}`)).toEqual([
      'new ready',
      'old asleep',
      'third ready',
    ]);
  });

  it('refuses a request with at_capacity when none is idle, without blaming the instance', async () => {
    const made = world({}, { maxRunning: 1 });
    await ready(made, 'busy');
    granted(await made.supervisor.claim('api:busy', here()));
    await made.supervisor.spawn('api', 'acme', { start: false });
    expect(await made.supervisor.claim('api:acme', here())).toEqual({ refused: 'at_capacity', retryAfterS: 1 });
    expect(made.supervisor.get('api:acme')).toMatchObject({ state: 'asleep', lastExit: null });
  });

  it('starts max_concurrent_starts at once, and the others in order of arrival', async () => {
    const made = world({}, { maxConcurrentStarts: 1 });
    const spawns = ['a', 'b', 'c'].map((id) => made.supervisor.spawn('api', id));
    for (const count of [1, 2, 3]) {
      await settle();
      expect(made.processes).toHaveLength(count);
      made.processes[count - 1]?.becomeReady();
    }
    expect((await Promise.all(spawns)).map(({ view }) => view.pid)).toEqual([1, 2, 3]);
  });
});

describe('registration', () => {
  it('is recorded, and a removal deletes the record', async () => {
    const made = world();
    await ready(made);
    await settle();
    expect(made.saved.get('api:acme')).toMatchObject({ state: 'ready', desired: 'up', process: { pid: 1 } });
    await made.supervisor.remove('api:acme');
    expect(made.saved.size).toBe(0);
    expect(made.supervisor.claim('api:acme', here())).toMatchObject({ refused: 'unknown_tenant' });
  });

  it('refuses bad input and records nothing', async () => {
    const made = world();
    await expect(made.supervisor.spawn('api', '..')).rejects.toMatchObject({ code: 'bad_id' });
    await expect(made.supervisor.spawn('nope', 'acme')).rejects.toMatchObject({ code: 'unknown_service' });
    expect([made.saved.size, made.processes.length]).toEqual([0, 0]);
  });

  it.each<[string, (made: World) => unknown]>([
    ['a spawn', (made) => made.supervisor.spawn('api', 'acme', { wait: false })],
    [
      'a config that names it',
      (made) =>
        made.supervisor.apply({ ...made.config, instances: [{ service: 'api', tenantId: 'acme', start: true }] }),
    ],
  ])('%s waits until what is purged of that tenant is gone (bug: its new directory was deleted)', async (_who, ask) => {
    const made = world();
    await ready(made);
    const { promise, resolve } = Promise.withResolvers<void>();
    made.deleteTenantDir = () => promise;
    const removed = made.supervisor.remove('api:acme', { purge: true });
    await settle();
    ask(made);
    await settle();
    expect([made.saved.size, made.processes.length]).toEqual([0, 1]);
    resolve();
    await removed;
    await settle();
    expect([made.saved.size, made.processes.length]).toEqual([1, 2]);
  });

  it('does not start an instance that an operator stopped', async () => {
    const made = world();
    await ready(made);
    await made.supervisor.stop('api:acme');
    const { view, created } = await made.supervisor.spawn('api', 'acme');
    expect([view.state, created]).toEqual(['stopped', false]);
  });

  it('survives a close, which ends every process and records which were up', async () => {
    const made = world();
    const process = await ready(made);
    await made.supervisor.close();
    expect(process.terminated).toEqual([10_000]);
    expect(made.saved.get('api:acme')).toMatchObject({ desired: 'up', process: null });
  });
});

describe('the end of the server', () => {
  /** A server with one instance that got no request since its start. */
  async function sleeping(): Promise<World> {
    const before = world();
    await before.supervisor.spawn('api', 'acme', { start: false });
    const made = world({}, {}, { records: [...before.saved.values()] });
    await made.supervisor.open();
    return made;
  }

  it('wakes no instance any more, not even one without earlier requests', async () => {
    const made = await sleeping();
    const closing = made.supervisor.close();
    expect(await made.supervisor.claim('api:acme', here())).toEqual({ refused: 'shutting_down', retryAfterS: 1 });
    await closing;
    expect(made.processes).toEqual([]);
  });

  it.each<[string, (supervisor: SupervisorVerbs) => Promise<unknown>]>([
    ['spawn', (supervisor) => supervisor.spawn('api', 'acme')],
    ['start', (supervisor) => supervisor.start('api:acme')],
    ['restart', (supervisor) => supervisor.restart('api:acme')],
  ])('refuses a %s that came in before and is handled then (bug: its process was left behind)', async (_verb, ask) => {
    const made = await sleeping();
    const closing = made.supervisor.close();
    await expect(ask(made.supervisor)).rejects.toMatchObject({ code: 'shutting_down' });
    await closing;
    expect(made.processes).toEqual([]);
  });

  it('allows no reload any more (bug: new instances were started and left behind)', async () => {
    const made = await sleeping();
    const closing = made.supervisor.close();
    const named = { ...made.config, instances: [{ service: 'api', tenantId: 'acme', start: true }] };
    expect(() => made.supervisor.apply(named)).toThrow(expect.objectContaining({ code: 'shutting_down' }));
    await closing;
    expect(made.processes).toEqual([]);
  });
});
