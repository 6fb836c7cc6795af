import { expect, it } from 'vitest';
import { backOffMs } from '../../../src/dashboard/model/back-off.ts';
import { appended } from '../../../src/dashboard/model/bounded.ts';
import { matchingEvents } from '../../../src/dashboard/model/event-filter.ts';

it('keeps the newest entries of a list', () => {
  expect(appended([1, 2, 3], [4], 3)).toEqual([2, 3, 4]);
  expect(appended([1], [2], 3)).toEqual([1, 2]);
  expect(appended([1, 2], [3, 4, 5, 6], 3)).toEqual([4, 5, 6]);
});

it('returns the same list when nothing is added', () => {
  const list = [1, 2];
  expect(appended(list, [], 1)).toBe(list);
});

it('backs off up to half a minute, and not all pages at once', () => {
  expect(backOffMs(1, 0)).toBe(500);
  expect(backOffMs(1, 1)).toBe(1000);
  expect(backOffMs(4, 1)).toBe(8000);
  expect(backOffMs(1000, 1)).toBe(30_000);
});

it('finds events by type and by words of text and names', () => {
  const event = (seq: number, type: string, instance: `${string}:${string}`, message: string) => {
    const none = { tenant: null, data: {}, actor: 'cli', tokenId: null, address: null };
    return { seq, at: '', type, instance, message, ...none };
  };
  const events = [event(1, 'crashed', 'api:acme', 'ended by SIGSEGV'), event(2, 'woke', 'api:globex', 'woke in 41 ms')];
  expect(matchingEvents(events, { q: '', type: '' })).toBe(events);
  expect(matchingEvents(events, { q: 'sigsegv ACME', type: '' })).toEqual([events[0]]);
  expect(matchingEvents(events, { q: 'cli', type: 'woke' })).toEqual([events[1]]);
});
