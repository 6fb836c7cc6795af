import { beforeEach, describe, expect, it } from 'vitest';
import type { Admission, Lease, Refusal, SecondTry } from '../../../src/core/admission/serving.ts';
import { newLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import type { Lifecycle } from '../../../src/core/lifecycle/lifecycle-events.ts';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { Traffic } from '../../../src/core/usage/traffic.ts';
import { RecentClients } from '../../../src/supervisor/admission/recent-clients.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';
import { RequestGate } from '../../../src/supervisor/serving/request-gate.ts';
import { configOf, FakeClock, FakeProcess, granted, here, SERVICE, settle } from '../fakes.ts';

const ASLEEP = newLifecycle('asleep');
const GENERATION = 7;

let clock: FakeClock;
let inFlight: InstanceActivity;
let recentClients: RecentClients;
let lifecycle: Lifecycle;
let service: ServiceConfig;
/** The answer of a closed tenant. */
let closed: Refusal | null;
let calls: string[];
let gate: RequestGate;

beforeEach(() => {
  clock = new FakeClock();
  inFlight = new InstanceActivity(0, clock.nowMs());
  recentClients = new RecentClients();
  lifecycle = ASLEEP;
  service = { ...SERVICE, wakeQueue: 2, startupTimeoutMs: 30_000, requestTimeoutMs: 5000 };
  closed = null;
  calls = [];
  gate = new RequestGate({
    name: 'api:acme',
    tenantId: 'acme',
    clock,
    inFlight,
    recentClients,
    traffic: new Traffic(),
    lifecycle: () => lifecycle,
    service: () => service,
    settings: () => configOf(service, {}).settings,
    hooksRefusal: () => null,
    refusal: () => closed,
    allowance: () => null,
    onNeeded: () => calls.push('needed'),
    onUsed: () => calls.push('used'),
    onQuiet: () => calls.push('quiet'),
    onDeserted: () => calls.push('deserted'),
    onGrantsEnded: () => calls.push('grants ended'),
  });
});

/** Moves the instance to another state, as `LifecycleMachine` does: the target first, then the held requests. */
function become(change: Partial<Lifecycle>): void {
  const was = lifecycle;
  lifecycle = { ...was, ...change };
  if (was.state === 'ready' && lifecycle.state !== 'ready') gate.close();
  if (lifecycle.state === 'ready') gate.open({ process: new FakeProcess(1), generation: GENERATION });
  gate.changed(was);
}

/** Claims, and returns a function that gives the answer once there is one. */
function claim(signal = here(), again: SecondTry | null = null, client: string | null = null) {
  let answer: Admission | null = null;
  void Promise.resolve(gate.claim(signal, again, { client })).then((settled) => {
    answer = settled;
  });
  return async () => {
    await settle();
    return answer;
  };
}

const refused = (code: string) => expect.objectContaining({ refused: code });

describe('a tenant that is closed', () => {
  const EXPIRED = { refused: 'expired', retryAfterS: null } as const;

  it('has its claims refused in every state, and gets no grants', () => {
    become({ state: 'ready' });
    closed = EXPIRED;
    expect([gate.claim(here()), gate.grant()]).toEqual([EXPIRED, null]);
    become({ state: 'asleep' });
    expect(gate.claim(here())).toEqual(EXPIRED);
    expect(calls).not.toContain('needed');
  });

  it('has its grants ended in one step, while what is in flight goes on', () => {
    become({ state: 'ready' });
    const grant = gate.grant();
    const lease = granted(gate.claim(here()) as Lease);
    closed = EXPIRED;
    gate.tenantChanged();
    expect([grant?.isRevoked, calls.at(-1), inFlight.requests]).toEqual([true, 'grants ended', 1]);
    lease.release('answered');
    closed = null;
    gate.tenantChanged();
    expect(gate.grant()?.isRevoked).toBe(false);
  });

  it('has its held requests answered', async () => {
    become({ state: 'asleep' });
    const held = claim();
    closed = EXPIRED;
    gate.tenantChanged();
    expect(await held()).toEqual(EXPIRED);
  });
});

describe('a claim of a ready instance', () => {
  beforeEach(() => become({ state: 'ready' }));

  it('is granted in the same step, and counted', () => {
    const lease = gate.claim(here()) as Lease;
    expect(lease).toMatchObject({ instance: 'api:acme', generation: GENERATION, heldMs: null, requestTimeoutMs: 5000 });
    expect([inFlight.requests, inFlight.total, calls]).toEqual([1, 1, ['used']]);
  });

  it('ends with its release, and the last one makes the instance quiet', () => {
    const leases = [granted(gate.claim(here()) as Lease), granted(gate.claim(here()) as Lease)];
    calls = [];
    leases[0]?.release('answered');
    leases[0]?.release('answered');
    expect([inFlight.requests, calls]).toEqual([1, ['used']]);
    leases[1]?.release();
    expect([inFlight.requests, calls]).toEqual([0, ['used', 'used', 'quiet']]);
  });

  it('records when a response was complete, and only then', async () => {
    await clock.advance(500);
    granted(gate.claim(here()) as Lease).release('broke-off');
    expect(inFlight.answeredAtMs).toBe(0);
    granted(gate.claim(here()) as Lease).release('answered');
    expect(inFlight.answeredAtMs).toBe(clock.nowMs());
  });

  it('keeps the instance from being quiet as a stream', () => {
    const stream = granted(gate.claim(here()) as Lease);
    stream.becomeStream();
    granted(gate.claim(here()) as Lease).release();
    expect(calls).not.toContain('quiet');
    stream.release();
    expect(calls.at(-1)).toBe('quiet');
  });

  it('gets the time-out of a reloaded config', () => {
    service = { ...service, requestTimeoutMs: 9000 };
    gate.renew();
    expect(gate.claim(here())).toMatchObject({ requestTimeoutMs: 9000, generation: GENERATION });
  });

  it('notes its client', () => {
    gate.claim(here(), null, { client: '192.0.2.1' });
    expect(recentClients.visits(0)).toMatchObject([{ client: '192.0.2.1' }]);
  });
});

describe('a claim of a sleeping instance', () => {
  it('wakes the instance, is held, and is granted with the time it was held', async () => {
    const answer = claim();
    expect([gate.held, calls]).toEqual([1, ['needed']]);
    expect(await answer()).toBeNull();
    become({ state: 'starting' });
    await clock.advance(1200);
    become({ state: 'ready' });
    expect(await answer()).toMatchObject({ heldMs: 1200, generation: GENERATION });
    expect([gate.held, inFlight.requests]).toEqual([0, 1]);
  });

  it('is refused when the wake queue is full, without another wake', async () => {
    claim();
    claim();
    calls = [];
    expect(await claim()()).toEqual({ refused: 'wake_queue_full', retryAfterS: 1 });
    expect([gate.held, calls]).toEqual([2, []]);
  });

  it('frees its place when its client leaves, and the last one deserts the instance', async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    claim(first.signal);
    claim(second.signal);
    calls = [];
    first.abort();
    expect([gate.held, calls]).toEqual([1, []]);
    second.abort();
    expect([gate.held, calls]).toEqual([0, ['deserted']]);
    become({ state: 'starting' });
    become({ state: 'ready' });
    expect(inFlight.total).toBe(0);
  });

  it('of a client that has left already wakes nothing', async () => {
    const left = AbortSignal.abort();
    expect(await claim(left)()).toEqual(refused('starting'));
    expect([gate.held, calls]).toEqual([0, []]);
  });

  it('names the client of the first held request', () => {
    claim(here(), null, '192.0.2.1');
    claim(here(), null, '192.0.2.2');
    expect(gate.heldFor).toBe('192.0.2.1');
  });

  it('is admitted in order of arrival', async () => {
    const order: string[] = [];
    for (const name of ['first', 'second'])
      void Promise.resolve(gate.claim(here())).then(() => {
        order.push(name);
      });
    become({ state: 'starting' });
    become({ state: 'ready' });
    await settle();
    expect(order).toEqual(['first', 'second']);
  });
});

describe('a held request', () => {
  it.each<[string, Partial<Lifecycle>, string]>([
    ['an operator stops the instance', { state: 'stopped', desired: 'stopped' }, 'stopped'],
    ['the instance is removed', { over: true }, 'unknown_tenant'],
    ['the server closes', { state: 'stopping', next: 'closed' }, 'shutting_down'],
    ['the instance fails', { state: 'failed', retryAtMs: 0 }, 'failed'],
  ])('is refused when %s', async (_name, change, code) => {
    const answer = claim();
    become({ state: 'starting' });
    become(change);
    expect(await answer()).toEqual(refused(code));
    expect(gate.held).toBe(0);
  });

  it('waits through a back-off, until it has waited as long as a start may take', async () => {
    const answer = claim();
    become({ state: 'starting' });
    await clock.advance(29_000);
    become({ state: 'backoff', retryAtMs: clock.nowMs() + 1000 });
    expect(await answer()).toBeNull();
    await clock.advance(1000);
    become({ state: 'starting' });
    become({ state: 'backoff', retryAtMs: clock.nowMs() + 4000 });
    expect(await answer()).toEqual({ refused: 'backoff', retryAfterS: 4 });
  });

  it('gets at_capacity when its start found no room', async () => {
    const answer = claim();
    become({ state: 'starting' });
    become({ state: 'asleep' });
    expect(await answer()).toEqual({ refused: 'at_capacity', retryAfterS: 1 });
    expect(calls).toEqual(['needed']);
  });

  it('gets start_failed when its start crashed and nothing restarts it', async () => {
    const answer = claim();
    become({ state: 'stopping', next: 'crash', hasServed: false });
    become({ state: 'asleep' });
    expect(await answer()).toEqual({ refused: 'start_failed', retryAfterS: 1 });
  });

  it('wakes the instance again after the crash of a process that had served', async () => {
    const answer = claim();
    become({ state: 'stopping', next: 'crash', hasServed: true });
    calls = [];
    become({ state: 'asleep' });
    expect([await answer(), calls]).toEqual([null, ['needed']]);
  });
});

describe('a second try', () => {
  const again: SecondTry = { request: 'GET /', generation: GENERATION - 1 };

  it('is refused with retry = false', async () => {
    become({ state: 'ready' });
    service = { ...service, retry: false };
    expect(await claim(here(), again)()).toEqual({ refused: 'upstream_failed', retryAfterS: null });
    expect(inFlight.total).toBe(0);
  });

  it('of a request that was in flight at two crashes is refused, and excuses the second crash', async () => {
    become({ state: 'ready' });
    expect(await claim(here(), again)()).toMatchObject({ generation: GENERATION });
    become({ state: 'stopping', next: 'crash' });
    expect(gate.isCrashExcused).toBe(true);
    become({ state: 'ready' });
    expect(await claim(here(), again)()).toEqual(refused('upstream_failed'));
    expect(await claim()()).toMatchObject({ generation: GENERATION });
  });

  it('that was answered before the crash does not excuse it', async () => {
    become({ state: 'ready' });
    const lease = await claim(here(), again)();
    if (lease !== null) granted(lease).release('answered');
    become({ state: 'stopping', next: 'crash' });
    expect(gate.isCrashExcused).toBe(false);
  });

  it('does not excuse an end that was asked for', async () => {
    become({ state: 'ready' });
    await claim(here(), again)();
    become({ state: 'stopping', next: 'asleep' });
    expect(gate.isCrashExcused).toBe(false);
  });
});

describe('a closed tenant', () => {
  const REFUSAL: Refusal = { refused: 'stopped', retryAfterS: null };

  it('refuses every claim, in each state, and wakes nothing', async () => {
    closed = REFUSAL;
    expect(await claim()()).toEqual(REFUSAL);
    become({ state: 'ready' });
    expect(await claim()()).toEqual(REFUSAL);
    expect([gate.grant(), calls]).toEqual([null, []]);
  });

  it('refuses the requests that are held when it closes', async () => {
    const answer = claim();
    become({ state: 'starting' });
    closed = REFUSAL;
    become({ state: 'backoff', retryAtMs: clock.nowMs() + 1000 });
    expect(await answer()).toEqual(REFUSAL);
  });
});

describe('a grant', () => {
  it('is given only while the instance is ready', () => {
    expect(gate.grant()).toBeNull();
    become({ state: 'ready' });
    expect(gate.grant()?.target).toMatchObject({ instance: 'api:acme', generation: GENERATION });
    become({ state: 'draining' });
    expect(gate.grant()).toBeNull();
  });

  it('counts what its worker reports, notes the client, and makes the instance quiet at the end', () => {
    become({ state: 'ready' });
    const grant = gate.grant();
    grant?.report({ requests: 1, streams: 0, total: 1, answered: 0, client: '192.0.2.1' });
    expect([inFlight.requests, inFlight.total, calls]).toEqual([1, 1, ['used']]);
    expect(recentClients.visits(0)).toMatchObject([{ client: '192.0.2.1' }]);
    grant?.report({ requests: 0, streams: 0, total: 1, answered: 1 });
    expect([inFlight.requests, calls]).toEqual([0, ['used', 'used', 'quiet']]);
    expect(inFlight.answeredAtMs).toBe(clock.nowMs());
  });

  it('is not activity while its worker reports no change', () => {
    become({ state: 'ready' });
    gate.grant()?.report({ requests: 0, streams: 0, total: 0, answered: 0 });
    expect(calls).toEqual([]);
  });

  it('holds a drain after the gate has closed, until its worker has confirmed', () => {
    become({ state: 'ready' });
    const grant = gate.grant();
    become({ state: 'draining' });
    let isDrained = false;
    inFlight.onDrained(() => {
      isDrained = true;
    });
    expect(isDrained).toBe(false);
    grant?.confirm({ requests: 0, streams: 0, total: 0, answered: 0 });
    expect(isDrained).toBe(true);
  });
});
