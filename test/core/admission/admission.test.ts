import { describe, expect, it } from 'vitest';
import { admission } from '../../../src/core/admission/admission.ts';
import type { State } from '../../../src/core/lifecycle/instance.ts';
import { newLifecycle } from '../../../src/core/lifecycle/lifecycle.ts';
import type { Lifecycle } from '../../../src/core/lifecycle/lifecycle-events.ts';

const NOW_MS = 1_000_000;
const STARTUP_MS = 30_000;
const answer = (state: State, over: Partial<Lifecycle> = {}) =>
  admission({ ...newLifecycle('up'), state, ...over }, STARTUP_MS, NOW_MS);

describe('what a request gets in each state', () => {
  it.each<[State, Partial<Lifecycle>, unknown]>([
    ['ready', {}, 'forward'],
    ['asleep', {}, 'wake'],
    ['starting', {}, 'hold'],
    ['draining', { next: 'start' }, 'hold'],
    ['stopping', { next: 'start' }, 'hold'],
    ['stopping', { next: 'crash' }, 'hold'],
    ['draining', { next: 'asleep' }, 'wake'],
    ['stopping', { next: 'asleep' }, 'wake'],
    ['stopping', { next: 'stopped' }, { refused: 'stopped', retryAfterS: null }],
    ['stopping', { next: 'removed' }, { refused: 'unknown_tenant', retryAfterS: null }],
    ['stopping', { next: 'closed' }, { refused: 'shutting_down', retryAfterS: 1 }],
    ['backoff', { retryAtMs: NOW_MS + STARTUP_MS }, 'hold'],
    ['backoff', { retryAtMs: NOW_MS + STARTUP_MS + 1 }, { refused: 'backoff', retryAfterS: 31 }],
    ['failed', { retryAtMs: NOW_MS + 299_001 }, { refused: 'failed', retryAfterS: 300 }],
    ['stopped', {}, { refused: 'stopped', retryAfterS: null }],
    ['asleep', { over: true }, { refused: 'unknown_tenant', retryAfterS: null }],
  ])('%s %j → %j', (state, over, expected) => {
    expect(answer(state, over)).toEqual(expected);
  });
});
