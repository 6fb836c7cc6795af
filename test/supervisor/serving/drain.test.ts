import { beforeEach, describe, expect, it } from 'vitest';
import { type DirectPatience, directPatience } from '../../../src/core/admission/direct-patience.ts';
import { DirectTraffic } from '../../../src/supervisor/activity/direct-traffic.ts';
import { OwnConnections } from '../../../src/supervisor/activity/own-connections.ts';
import { Drain } from '../../../src/supervisor/serving/drain.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';
import { FakeClock, FakeProcess } from '../fakes.ts';

const TIMEOUT_MS = 30_000;

let clock: FakeClock;
let inFlight: InstanceActivity;
let process: FakeProcess;
let traffic: DirectTraffic;
/** Direct connections to the socket. */
let connections: number;
let patience: DirectPatience;
/** Each end of the drain: when, after its beginning, and whether it was quiet. */
let ends: [atMs: number, isQuiet: boolean][];
let lateMs: number[];

beforeEach(() => {
  clock = new FakeClock();
  inFlight = new InstanceActivity(0, 0);
  process = new FakeProcess(1);
  traffic = new DirectTraffic(new OwnConnections());
  traffic.begin(process, 1, false);
  connections = 0;
  patience = directPatience('asleep');
  ends = [];
  lateMs = [];
});

const counts = () => new Map([[process.record.bindSocket, connections]]);

function connectDirectly(count = 1): void {
  process.connected = true;
  connections = count;
}

function drain(): Drain {
  const begunAtMs = clock.nowMs();
  return new Drain({
    clock,
    inFlight,
    traffic,
    counts,
    timeoutMs: TIMEOUT_MS,
    patience: () => patience,
    onDone: (isQuiet) => ends.push([clock.nowMs() - begunAtMs, isQuiet]),
    onLate: (afterMs) => lateMs.push(afterMs),
  });
}

/** Advances the time in steps, in each of which the process runs. */
async function busyFor(ms: number, stepMs = 5): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
    process.ranMs += 1;
    await clock.advance(stepMs);
  }
}

describe('a drain of forwarded requests', () => {
  it('ends at once without any', () => {
    drain();
    expect(ends).toEqual([[0, true]]);
  });

  it('ends with the last request', async () => {
    inFlight.begin(clock.nowMs());
    inFlight.begin(clock.nowMs());
    drain();
    await clock.advance(100);
    inFlight.end('request', clock.nowMs());
    expect(ends).toEqual([]);
    await clock.advance(100);
    inFlight.end('request', clock.nowMs());
    expect(ends).toEqual([[200, true]]);
  });

  it('does not wait for an open stream, and says that it was not quiet', () => {
    inFlight.begin(clock.nowMs());
    inFlight.requestBecomesStream();
    drain();
    expect(ends).toEqual([[0, false]]);
  });

  it('ends late after its time-out, and once', async () => {
    inFlight.begin(clock.nowMs());
    drain();
    await clock.advance(TIMEOUT_MS + 1000);
    inFlight.end('request', clock.nowMs());
    await clock.advance(TIMEOUT_MS);
    expect([ends, lateMs]).toEqual([[[TIMEOUT_MS, false]], [TIMEOUT_MS]]);
  });

  it('never ends once it is cancelled', async () => {
    inFlight.begin(clock.nowMs());
    drain().cancel();
    inFlight.end('request', clock.nowMs());
    await clock.advance(2 * TIMEOUT_MS);
    expect([ends, lateMs]).toEqual([[], []]);
  });
});

describe('a drain of direct connections', () => {
  it('begins after the last forwarded request', async () => {
    connectDirectly();
    inFlight.begin(clock.nowMs());
    drain();
    await clock.advance(10_000);
    expect(ends).toEqual([]);
    inFlight.end('request', clock.nowMs());
    await clock.advance(10_000);
    expect(ends).toHaveLength(1);
  });

  it('ends soon after the last one has closed', async () => {
    connectDirectly();
    drain();
    await busyFor(500);
    connections = 0;
    await clock.advance(200);
    expect(ends).toEqual([[expect.any(Number), true]]);
    expect(ends[0]?.[0]).toBeLessThanOrEqual(700);
  });

  it('ends quietly once nothing has moved on them for as long as patience says', async () => {
    connectDirectly();
    drain();
    await clock.advance(patience.quietMs);
    expect(ends).toEqual([]);
    await clock.advance(400);
    expect(ends).toEqual([[expect.any(Number), true]]);
  });

  it('waits no time for connections known to be at rest', async () => {
    connectDirectly();
    traffic.look(counts, clock.nowMs());
    traffic.rest();
    drain();
    await clock.advance(20);
    expect(ends).toEqual([[20, true]]);
  });

  it('ends in the first gap between requests after a while, not quietly', async () => {
    connectDirectly();
    drain();
    await busyFor(patience.gapAfterMs + 500);
    expect(ends).toEqual([]);
    await clock.advance(50);
    expect(ends).toEqual([[expect.any(Number), false]]);
    expect(lateMs).toEqual([]);
  });

  it('ends late without a gap', async () => {
    connectDirectly();
    drain();
    await busyFor(patience.atMostMs + 500);
    expect(ends).toEqual([[expect.any(Number), false]]);
    expect(lateMs).toHaveLength(1);
    expect(lateMs[0]).toBeGreaterThanOrEqual(patience.atMostMs);
    expect(lateMs[0]).toBeLessThanOrEqual(patience.atMostMs + 200);
  });

  it('that precedes a suspension takes no gap', async () => {
    patience = directPatience('suspended');
    connectDirectly();
    drain();
    await busyFor(patience.atMostMs - 500);
    await clock.advance(300);
    expect(ends).toEqual([]);
  });

  it('that precedes a stop does not wait for silent connections', async () => {
    patience = directPatience('stopped');
    connectDirectly();
    drain();
    await clock.advance(100);
    expect(ends).toEqual([[expect.any(Number), true]]);
  });

  it('applies what follows as it changes', async () => {
    connectDirectly();
    drain();
    await busyFor(1500);
    patience = directPatience('stopped');
    await busyFor(300);
    expect(ends).toEqual([[expect.any(Number), false]]);
  });
});
