/** What the answers to an attempt mean. */
import { describe, expect, it } from 'vitest';
import type { Answer, Outcome } from '../../../src/core/verify/attempt.ts';
import { type Attempted, judge, passes, type Result } from '../../../src/core/verify/finding.ts';
import { levelText, whyNotSeparated } from '../../../src/core/verify/separation.ts';

const TRIED: Attempted = { kind: 'files', what: 'read it', from: 'api:acme', to: 'api:globex' };
const answer = (outcome: Outcome): Answer => ({ outcome, detail: outcome, output: '' });

describe('judge', () => {
  it.each<[(Outcome | undefined)[], Result]>([
    [['absent', 'reached', 'refused'], 'leak'],
    [['absent', 'refused'], 'refused'],
    [['absent', 'untried'], 'absent'],
    [['untried'], 'not_tried'],
    [['refused', undefined], 'failed'],
    [['reached', undefined], 'leak'],
    [[], 'failed'],
  ])('takes %j for %s', (outcomes, result) => {
    const answers = outcomes.map((outcome) => (outcome === undefined ? undefined : answer(outcome)));
    expect(judge(TRIED, answers, null)).toMatchObject({ ...TRIED, result });
  });

  it('takes what a level does not separate for no leak, and says why', () => {
    expect(judge(TRIED, [answer('reached')], 'all are root')).toMatchObject({
      result: 'not_separated',
      reason: 'all are root',
    });
    expect(judge(TRIED, [answer('refused')], 'all are root')).not.toHaveProperty('reason');
  });
});

describe('passes', () => {
  const outcomeOf = (result: Result) => ({ findings: [{ ...TRIED, result, detail: '' }] });

  it.each<[Result, boolean, boolean]>([
    ['refused', true, true],
    ['absent', true, true],
    ['not_tried', true, true],
    ['not_separated', false, true],
    ['leak', false, false],
    ['failed', false, false],
  ])('%s: %s, where what is shared is allowed %s', (result, strictly, allowing) => {
    expect([passes(outcomeOf(result), false), passes(outcomeOf(result), true)]).toEqual([strictly, allowing]);
  });
});

describe('whyNotSeparated', () => {
  const level = (isolation: 'process' | 'namespace' | 'sandbox', user: 'dynamic' | null, network: 'host' | 'none') => ({
    ...{ isolation, user, network },
  });

  it('is what docs/isolation.md says', () => {
    const files = (of: ReturnType<typeof level>) => whyNotSeparated('files', of) === null;
    expect(files(level('process', null, 'host'))).toBe(false);
    expect(files(level('process', 'dynamic', 'host'))).toBe(true);
    expect(files(level('namespace', null, 'host'))).toBe(true);
    expect(whyNotSeparated('ports', level('namespace', 'dynamic', 'host'))).toContain('network = "host"');
    expect(whyNotSeparated('ports', level('namespace', 'dynamic', 'none'))).toBeNull();
    expect(whyNotSeparated('databases', level('process', null, 'host'))).toBeNull();
    expect(whyNotSeparated('requests', level('process', null, 'host'))).toBeNull();
  });

  it('names a level by its keys', () => {
    expect(levelText(level('process', 'dynamic', 'host'))).toBe('process, user = "dynamic"');
    expect(levelText(level('sandbox', 'dynamic', 'none'))).toBe('sandbox, network = "none"');
  });
});
