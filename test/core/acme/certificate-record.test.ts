import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  afterIssue,
  dueMs,
  isForgettable,
  isPausing,
  newRecord,
} from '../../../src/core/acme/certificate-record.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ABOUT = { name: 'shop.acme.test', tenantId: 'acme', directory: 'https://ca.test/dir' };
const ISSUED = { notBeforeMs: 0, notAfterMs: 90 * DAY_MS, renewalId: null };

describe('after a failure', () => {
  it('the pause grows from five minutes to a day', () => {
    const pauses: number[] = [];
    let record = newRecord({ ...ABOUT, isAhead: true }, 0);
    for (let index = 0; index < 7; index += 1) {
      record = afterFailure(record, 'no', 0, null);
      pauses.push((record.retryAtMs ?? 0) / MINUTE_MS);
    }
    expect(pauses).toEqual([5, 20, 80, 320, 1280, 1440, 1440]);
    expect(record).toMatchObject({ failure: { count: 7, reason: 'no' }, dueAtMs: record.retryAtMs });
  });

  it('what the authority asks for is a longer pause, and never a shorter one', () => {
    const record = newRecord({ ...ABOUT, isAhead: true }, 0);
    expect(afterFailure(record, 'no', 0, 3 * DAY_MS).retryAtMs).toBe(3 * DAY_MS);
    expect(afterFailure(record, 'no', 0, 1000).retryAtMs).toBe(5 * MINUTE_MS);
  });

  it('a certificate that is about to expire is tried again in time', () => {
    let record = afterIssue(newRecord({ ...ABOUT, isAhead: false }, 0), ISSUED, { ...ABOUT, dueAtMs: 60 * DAY_MS });
    const nowMs = ISSUED.notAfterMs - 4 * 60 * MINUTE_MS;
    for (let index = 0; index < 6; index += 1) record = afterFailure(record, 'no', nowMs, null);
    expect(record.retryAtMs).toBe(nowMs + 60 * MINUTE_MS);
    expect(record.dueAtMs).toBe(record.retryAtMs);
  });

  it('a host that was ordered on demand is tried again by the next handshake alone', () => {
    const record = afterFailure(newRecord({ ...ABOUT, isAhead: false }, 0), 'no', 0, null);
    expect(record.dueAtMs).toBeNull();
    expect(isPausing(record, 5 * MINUTE_MS - 1)).toBe(true);
    expect(isPausing(record, 5 * MINUTE_MS)).toBe(false);
    expect([isForgettable(record, DAY_MS), isForgettable(record, 7 * DAY_MS)]).toEqual([false, true]);
  });

  it('a clock that is set back ends the pause', () => {
    const record = afterFailure(newRecord({ ...ABOUT, isAhead: true }, 0), 'no', 50 * DAY_MS, null);
    expect(isPausing(record, DAY_MS)).toBe(false);
    expect(dueMs(record, DAY_MS)).toBe(DAY_MS);
  });
});
