import { describe, expect, it } from 'vitest';
import { afterCheck, afterLoss, recordName, verificationOf } from '../../../src/core/domains/verification.ts';

const DAY_MS = 24 * 60 * 60_000;
const NEW = verificationOf('tenement-1', 1000);

it('the record has a label of its own under the domain', () => {
  expect(recordName('shop.example.com')).toBe('_tenement.shop.example.com');
});

it.each([['tenement-1'], [' tenement-1 '], ['"tenement-1"']])('the text %j proves the domain', (text) => {
  expect(afterCheck(NEW, { texts: ['another', text] }, 1000, 7000)).toMatchObject({
    verifiedAtMs: 7000,
    nextCheckAtMs: null,
    problem: null,
  });
});

it.each([
  [{ texts: [] }, 'there is no such TXT record yet'],
  [{ texts: ['tenement-2'] }, 'the TXT record holds another text, "tenement-2"'],
  [{ texts: ['tenement-1x'] }, 'the TXT record holds another text, "tenement-1x"'],
  [{ problem: 'DNS does not answer (ETIMEOUT)' }, 'DNS does not answer (ETIMEOUT)'],
])('the answer %j proves nothing: %s', (answer, problem) => {
  expect(afterCheck(NEW, answer, 1000, 7000)).toMatchObject({ verifiedAtMs: null, checkedAtMs: 7000, problem });
});

describe('the next check', () => {
  it('comes after pauses that double up to an hour', () => {
    let verification = NEW;
    let nowMs = 1000;
    const pausesMs: number[] = [];
    for (let round = 0; round < 14; round += 1) {
      pausesMs.push((verification.nextCheckAtMs ?? 0) - nowMs);
      nowMs = verification.nextCheckAtMs ?? 0;
      verification = afterCheck(verification, { texts: [] }, 1000, nowMs);
    }
    expect(pausesMs.slice(0, 4)).toEqual([5000, 10_000, 20_000, 40_000]);
    expect(pausesMs.slice(-3)).toEqual([3_600_000, 3_600_000, 3_600_000]);
  });

  it('is on demand only, two weeks after the domain was added', () => {
    const late = 1000 + 14 * DAY_MS;
    expect(afterCheck(NEW, { texts: [] }, 1000, late - 1).nextCheckAtMs).toBeGreaterThan(late);
    expect(afterCheck(NEW, { texts: [] }, 1000, late).nextCheckAtMs).toBeNull();
  });

  it('is on demand only when another tenant has the domain', () => {
    expect(afterLoss(NEW, 'taken', 7000)).toMatchObject({ verifiedAtMs: null, nextCheckAtMs: null, problem: 'taken' });
  });
});
