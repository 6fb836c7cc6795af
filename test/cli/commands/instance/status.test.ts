import { expect, test } from 'vitest';
import { describe } from '../../../../src/cli/commands/instance/status.ts';
import { CRASHED, view } from '../../../api/fakes.ts';

const SPACE = { columns: null };
const NOW_MS = Date.parse('2026-01-01T00:02:00.000Z');

test('status describes a ready instance in words', () => {
  const text = describe(view('api:acme', { sleepsAt: '2026-01-01T00:06:00.000Z' }), NOW_MS, SPACE);
  expect(text.split('\n')).toEqual([
    'api:acme is ready',
    '  why        a request woke it',
    '  running    since 2026-01-01T00:00:00.000Z, 2m 0s',
    '  sleeps     in 4m 0s, at 2026-01-01T00:06:00.000Z',
    '  url        http://acme.localhost:8080',
    '  socket     /tmp/api-acme.sock',
    '  pid        4711',
    '  memory     20.0 MB of 256.0 MB',
    '  cpu        1.5 s',
    '  requests   17; 0 in flight, 0 open streams, last active 1m 0s ago',
    '  woken      3 times, the last in 41 ms',
    '  restarted  2 times',
  ]);
});

test('status says what keeps an instance awake', () => {
  expect(describe(view('api:acme', { openStreams: 1 }), NOW_MS, SPACE)).toContain(
    'sleeps     not while something is open',
  );
  expect(describe(view('api:acme'), NOW_MS, SPACE)).toContain('sleeps     never');
});

test('status shows the size of a directory with a limit, and what to do when the size is over the limit', () => {
  const limits = { ...view('api:acme').limits, storageLimitMb: 32 };
  const storage = (bytes: number | null) => {
    const measured = { storageBytes: bytes, storageMeasuredAt: bytes === null ? null : '2026-01-01T00:01:55.000Z' };
    return describe(view('api:acme', { limits, ...measured }), NOW_MS, SPACE)
      .split('\n')
      .find((line) => line.includes('storage'));
  };
  expect(storage(null)).toBe('  storage    not measured yet, of 32.0 MB');
  expect(storage(32 * 1024 ** 2)).toBe('  storage    32.0 MB of 32.0 MB, measured 5s ago');
  expect(storage(64 * 1024 ** 2)).toBe(
    '  storage    64.0 MB of 32.0 MB, measured 5s ago: over its storage limit; ' +
      'delete files in its directory, or raise storage_limit_mb',
  );
});

test('status shows the last exit and output after a crash, without control characters', () => {
  const lines = describe(view('api:acme', { ...CRASHED, retryAt: '2026-01-01T00:02:05.000Z' }), NOW_MS, SPACE).split(
    '\n',
  );
  expect(lines).toContain('  tries again  in 5s, at 2026-01-01T00:02:05.000Z');
  expect(lines.slice(-3)).toEqual([
    'last exit: exit, code 7, 1m 59s ago (2026-01-01T00:00:01.000Z): ended with code 7 before it was ready',
    '  | loading',
    '  | no database',
  ]);
});
