import { expect, test } from 'vitest';
import { ServiceNotices, watchdogMs } from '../../src/local/service-notices.ts';

test.each([
  ['for this process', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 30_000],
  ['for whoever reads it', { WATCHDOG_USEC: '30000000' }, 30_000],
  ['for another process', { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, null],
  ['for nobody', {}, null],
  ['as no number', { WATCHDOG_USEC: 'soon' }, null],
])('the time of the watchdog is read when it is meant %s', (_case, env, expected) => {
  expect(watchdogMs(env, 7)).toBe(expected);
});

test('programs that the server starts do not inherit what addresses the manager', () => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '1', WATCHDOG_PID: '7', HOME: '/root' };
  new ServiceNotices(env, 7);
  expect(env).toEqual({ HOME: '/root' });
});
