import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServiceConfig } from '../../../src/core/service/service.ts';
import { silentLogger } from '../../../src/logger.ts';
import { OwnConnections } from '../../../src/supervisor/activity/own-connections.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';
import { ServingMonitor } from '../../../src/supervisor/serving/serving-monitor.ts';
import { configOf, FakeClock, FakeProcess, SERVICE } from '../fakes.ts';

const IDLE_MS = 60_000;
const PROBE_EVERY_MS = 10_000;
const GENERATION = 7;

let clock: FakeClock;
let inFlight: InstanceActivity;
let own: OwnConnections;
let process: FakeProcess;
let service: ServiceConfig;
/** Connections to the socket. */
let connections: number;
let calls: string[];
const logger = silentLogger();
let monitor: ServingMonitor;

beforeEach(() => {
  clock = new FakeClock();
  inFlight = new InstanceActivity(0, clock.nowMs());
  own = new OwnConnections();
  process = new FakeProcess(1);
  service = { ...SERVICE, idleTimeoutMs: IDLE_MS };
  connections = 0;
  calls = [];
  monitor = new ServingMonitor({
    instance: 'api:acme',
    logger,
    clock,
    inFlight,
    ownConnections: own,
    random: () => 0,
    settings: () => configOf(service, { healthCheckIntervalMs: PROBE_EVERY_MS }).settings,
    service: () => service,
    next: () => 'asleep',
    connections: () => new Map([[process.record.bindSocket, connections]]),
    listeners: () => [],
    onUsed: () => calls.push('used'),
    // The lifecycle puts the instance to sleep, and its process no longer serves.
    onIdle: () => {
      calls.push('idle');
      monitor.end();
    },
    onUnhealthy: (detail) => calls.push(`unhealthy: ${detail}`),
    onLeftover: () => {},
  });
});

const begin = (found = false) => monitor.begin({ process, generation: GENERATION, found });

function connectDirectly(): void {
  process.connected = true;
  connections = 1;
}

/** Looks at the traffic each second, as the traffic watch does. */
async function watchFor(ms: number, eachSecond = () => {}): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 1000) {
    await clock.advance(1000);
    eachSecond();
    monitor.lookAtTraffic();
  }
}

describe('the idle time of a serving process', () => {
  it('begins with the last activity, and ends once', async () => {
    begin();
    expect(monitor.sleepsAtMs).toBe(clock.nowMs() + IDLE_MS);
    await clock.advance(IDLE_MS - 1);
    expect(calls).toEqual([]);
    await clock.advance(1);
    await clock.advance(IDLE_MS);
    expect(calls).toEqual(['idle']);
  });

  it('does not pass while a request is open, and begins again with its end', async () => {
    begin();
    inFlight.begin(clock.nowMs());
    await clock.advance(2 * IDLE_MS);
    expect([calls, monitor.sleepsAtMs]).toEqual([[], null]);
    inFlight.end('request', clock.nowMs());
    monitor.quiet();
    await clock.advance(IDLE_MS);
    expect(calls).toEqual(['idle']);
  });

  it('follows a reload', async () => {
    begin();
    service = { ...service, idleTimeoutMs: 1000 };
    monitor.renew();
    await clock.advance(1000);
    expect(calls).toEqual(['idle']);
  });

  it('has no end with idle_timeout = 0', async () => {
    service = { ...service, idleTimeoutMs: 0 };
    begin();
    await clock.advance(10 * IDLE_MS);
    expect([calls, monitor.sleepsAtMs]).toEqual([[], null]);
  });

  it('is over when the process no longer serves', async () => {
    begin();
    inFlight.direct = 2;
    monitor.end();
    monitor.quiet();
    monitor.renew();
    await clock.advance(2 * IDLE_MS);
    expect([calls, monitor.sleepsAtMs, inFlight.direct]).toEqual([[], null, 0]);
  });
});

describe('direct traffic to a serving process', () => {
  it('counts as use, and as an open connection', () => {
    begin();
    connectDirectly();
    monitor.lookAtTraffic();
    expect([calls, inFlight.direct, monitor.sleepsAtMs]).toEqual([['used'], 1, null]);
  });

  it("does not include the proxy's own connections", () => {
    begin();
    own.change(GENERATION, 1);
    connectDirectly();
    monitor.lookAtTraffic();
    expect([calls, inFlight.direct]).toEqual([[], 0]);
  });

  it('is found at the end of the idle time, before the process sleeps', async () => {
    begin();
    connectDirectly();
    await clock.advance(IDLE_MS);
    expect([calls, inFlight.direct]).toEqual([['used'], 1]);
  });

  it('of an adopted process is found though its connections were made earlier', () => {
    begin(true);
    connections = 1;
    monitor.lookAtTraffic();
    expect(inFlight.direct).toBe(1);
  });

  it('keeps the process awake while nothing moves and a client may wait', async () => {
    begin();
    connectDirectly();
    await watchFor(2 * IDLE_MS);
    expect(calls).not.toContain('idle');
  });

  it('lets the process sleep when its connections are at rest', async () => {
    begin();
    connectDirectly();
    process.atRest = true;
    await watchFor(IDLE_MS + 3000);
    expect(calls).toEqual(['used', 'idle']);
  });

  it('is checked again only after ten seconds', async () => {
    begin();
    connectDirectly();
    let asked = 0;
    process.isAtRest = async () => {
      asked += 1;
      return false;
    };
    await watchFor(IDLE_MS + 9000);
    expect(asked).toBe(1);
    await watchFor(3000);
    expect(asked).toBe(2);
  });

  it('is checked again sooner when bytes have moved', async () => {
    service = { ...service, idleTimeoutMs: 2000 };
    begin();
    connectDirectly();
    let asked = 0;
    process.isAtRest = async () => {
      asked += 1;
      return false;
    };
    await watchFor(4000);
    expect(asked).toBe(1);
    process.ranMs += 5;
    await watchFor(4000);
    expect(asked).toBe(2);
  });

  it('is not at rest when bytes moved during the check', async () => {
    begin();
    connectDirectly();
    const answer = Promise.withResolvers<boolean>();
    process.isAtRest = () => answer.promise;
    await watchFor(IDLE_MS + 2000);
    process.ranMs += 5;
    answer.resolve(true);
    await watchFor(1000);
    expect([calls, inFlight.direct]).toEqual([['used', 'used'], 1]);
  });

  it('does not include the run time of a probe', async () => {
    begin();
    connectDirectly();
    monitor.lookAtTraffic();
    process.probe = async () => {
      process.ranMs += 5;
      return { ok: true };
    };
    await watchFor(3 * PROBE_EVERY_MS);
    expect(calls).toEqual(['used']);
  });
});

describe('a probe of a serving process', () => {
  it('reports the process unhealthy once, after three failures in a row', async () => {
    service = { ...service, idleTimeoutMs: 0 };
    begin();
    process.healthy = false;
    await clock.advance(2 * PROBE_EVERY_MS);
    expect(calls).toEqual([]);
    await clock.advance(10 * PROBE_EVERY_MS);
    expect([calls, process.probes]).toEqual([['unhealthy: sick'], 3]);
  });

  it('is excused without an answer while a direct connection is in use', async () => {
    begin();
    connectDirectly();
    monitor.lookAtTraffic();
    process.silent = true;
    await clock.advance(10 * PROBE_EVERY_MS);
    expect(calls).toEqual(['used']);
  });

  it('is not made any more when the process no longer serves', async () => {
    begin();
    await clock.advance(PROBE_EVERY_MS);
    monitor.end();
    await clock.advance(5 * PROBE_EVERY_MS);
    expect(process.probes).toBe(1);
  });
});

describe('a drain of a serving process', () => {
  it('ends with its requests', async () => {
    begin();
    inFlight.begin(clock.nowMs());
    monitor.end();
    monitor.drain(5000, (isQuiet) => calls.push(`drained: ${isQuiet}`));
    expect(calls).toEqual([]);
    inFlight.end('request', clock.nowMs());
    expect(calls).toEqual(['drained: true']);
  });

  it('logs what is still open after its time-out', async () => {
    const warn = vi.spyOn(logger, 'warn');
    begin();
    inFlight.begin(clock.nowMs());
    inFlight.begin(clock.nowMs());
    inFlight.requestBecomesStream();
    monitor.end();
    monitor.drain(5000, (isQuiet) => calls.push(`drained: ${isQuiet}`));
    await clock.advance(5000);
    expect(calls).toEqual(['drained: false']);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ instance: 'api:acme', afterMs: 5000, requests: 1, streams: 1, direct: 0 }),
      expect.any(String),
    );
    warn.mockRestore();
  });

  it('reports nothing once it is cancelled', async () => {
    begin();
    inFlight.begin(clock.nowMs());
    monitor.drain(5000, () => calls.push('drained'));
    monitor.cancelDrain();
    inFlight.end('request', clock.nowMs());
    await clock.advance(10_000);
    expect(calls).toEqual([]);
  });
});
