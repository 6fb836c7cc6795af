import { expect, test } from 'vitest';
import { serviceSchema } from '../../../src/config/schema/service.ts';
import { describeDiff } from '../../../src/core/input/diff-words.ts';
import { diffConfigs } from '../../../src/core/lifecycle/reconcile.ts';
import { judgedBy, SERVICE_KEYS, startedWith } from '../../../src/core/service/service-keys.ts';
import { configOf, SERVICE } from '../../supervisor/fakes.ts';

const all = () => ({ registered: 1, running: 1 });
const none = () => 0;

/** The words of a reload in which only this field differs. */
function wordsOf(field: string): string[] {
  const was = configOf(SERVICE, {});
  const is = configOf({ ...SERVICE, [field]: 'another value' }, {});
  return describeDiff(diffConfigs(was, is), all, none);
}

test('the list has every config key of a service once', () => {
  const listed = Array.from(SERVICE_KEYS.values(), ({ key }) => key);
  expect(listed.toSorted()).toEqual(Object.keys(serviceSchema.shape).toSorted());
});

test('the list has every field of a service but its name and its list of defaults', () => {
  const { name: _name, defaulted: _defaulted, ...fields } = SERVICE;
  expect([...SERVICE_KEYS.keys()].toSorted()).toEqual(Object.keys(fields).toSorted());
});

test.each([...SERVICE_KEYS])('a reload treats %s as the list says', (field, { key, whenChanged }) => {
  const said = {
    restart: 'running, restarted one by one: 1',
    'next-start': 'takes effect at the next start of each instance',
    start: 'takes effect at once',
    live: 'takes effect at once',
  }[whenChanged];
  expect(wordsOf(field)).toEqual([`service api: ${key} changed; ${said}`]);
});

test('a change for the next start is reported beside one that takes effect at once', () => {
  const was = configOf(SERVICE, {});
  const is = configOf({ ...SERVICE, logLimitBytes: 1, retry: !SERVICE.retry }, {});
  expect(describeDiff(diffConfigs(was, is), all, none)).toEqual([
    'service api: retry, log_limit_mb changed; takes effect at once, but log_limit_mb at the next start of each instance',
  ]);
});

test('the limit of open files is the only one that a process is started with', () => {
  expect(startedWith(SERVICE)).toMatchObject({ nofileLimit: SERVICE.nofileLimit, command: SERVICE.command });
  expect(Object.keys(startedWith(SERVICE))).not.toContain('memoryLimitBytes');
});

test('the health check and the startup time-out are the terms of a start', () => {
  const service = { ...SERVICE, health: '/up', healthHost: 'h', healthTimeoutMs: 1, startupTimeoutMs: 2 };
  expect(judgedBy(service)).toEqual(['/up', 'h', 1, 2]);
});
