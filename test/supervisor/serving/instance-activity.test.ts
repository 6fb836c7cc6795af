import { beforeEach, describe, expect, it } from 'vitest';
import { PAUSE_MS } from '../../../src/core/admission/eviction.ts';
import { InstanceActivity } from '../../../src/supervisor/serving/instance-activity.ts';

const START_MS = 1_000_000;

let activity: InstanceActivity;
let drained: number;
beforeEach(() => {
  activity = new InstanceActivity(40, START_MS);
  drained = 0;
});

const watch = () =>
  activity.onDrained(() => {
    drained += 1;
  });

describe('the count of open requests', () => {
  it('has requests, streams and direct connections; the total continues from the record', () => {
    activity.begin(START_MS + 1);
    activity.begin(START_MS + 2);
    activity.requestBecomesStream();
    activity.direct = 3;
    expect(activity.activity).toEqual({ open: 5, lastActivityAtMs: START_MS + 2, busyUntilMs: 0 });
    expect([activity.requests, activity.streams, activity.total]).toEqual([1, 1, 42]);
  });

  it('falls when a request ends, which is activity', () => {
    activity.begin(START_MS);
    activity.begin(START_MS);
    activity.requestBecomesStream();
    activity.end('request', START_MS + 5);
    activity.end('stream', START_MS + 7);
    expect(activity.activity).toEqual({ open: 0, lastActivityAtMs: START_MS + 7, busyUntilMs: 0 });
  });
});

describe('a drain', () => {
  it('is reported at once when no request is in flight, and only once', () => {
    watch();
    expect(drained).toBe(1);
    activity.begin(START_MS);
    activity.end('request', START_MS);
    expect(drained).toBe(1);
  });

  it('waits for the last request, and for no stream', () => {
    activity.begin(START_MS);
    activity.begin(START_MS);
    watch();
    activity.requestBecomesStream();
    expect(drained).toBe(0);
    activity.end('request', START_MS);
    expect([drained, activity.streams]).toEqual([1, 1]);
  });

  it('waits for the requests that a worker counts', () => {
    activity.shift(2, 0, 2);
    watch();
    activity.shift(-1, 0, 0);
    expect(drained).toBe(0);
    activity.shift(-1, 1, 0);
    expect(drained).toBe(1);
  });

  it('waits for the confirmation of every worker that may have claimed more', () => {
    const confirmed = [activity.awaitWord(), activity.awaitWord()];
    watch();
    confirmed[0]?.();
    expect(drained).toBe(0);
    confirmed[1]?.();
    expect(drained).toBe(1);
  });
});

describe('steady use', () => {
  it('begins again with the first request after a long pause', () => {
    activity.came(START_MS + PAUSE_MS - 1);
    expect(activity.steadyFromMs).toBe(START_MS);
    activity.came(START_MS + 2 * PAUSE_MS - 1);
    expect([activity.steadyFromMs, activity.steadyToMs]).toEqual([
      START_MS + 2 * PAUSE_MS - 1,
      START_MS + 2 * PAUSE_MS - 1,
    ]);
  });

  it('continues over a pause with an open request', () => {
    activity.begin(START_MS);
    activity.came(START_MS + 2 * PAUSE_MS);
    expect([activity.steadyFromMs, activity.steadyToMs]).toEqual([START_MS, START_MS + 2 * PAUSE_MS]);
  });

  it('begins again with another process, and not with mere observation', () => {
    activity.seen(START_MS + 10);
    expect(activity.steadyToMs).toBe(START_MS);
    activity.began(START_MS + 20);
    expect([activity.steadyFromMs, activity.lastActivityAtMs]).toEqual([START_MS + 20, START_MS + 20]);
  });
});
