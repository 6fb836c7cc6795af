import { expect, test } from 'vitest';
import { describeDiff } from '../../../src/core/input/diff-words.ts';

const NOTHING = { added: [], removed: [], changed: [], instances: [], plans: [], live: [], needsRestart: [] };
const three = () => ({ registered: 3, running: 1 });
const two = () => 2;

test('no difference needs no words', () => {
  expect(describeDiff(NOTHING, three, two)).toEqual([]);
});

test('each difference is a line that says what happens', () => {
  const diff = {
    added: ['web'],
    removed: ['old'],
    changed: [
      { name: 'api', keys: ['env', 'inheritEnv'], restarts: true },
      { name: 'job', keys: ['idleTimeoutMs', 'memoryLimitBytes'], restarts: false },
    ],
    instances: [{ service: 'web', tenantId: 'acme', start: true }],
    plans: [
      { name: 'pro', change: 'new' },
      { name: 'free', change: 'changed' },
    ] as const,
    live: ['proxy'],
    needsRestart: ['api.listen'],
  };
  expect(describeDiff(diff, three, two)).toEqual([
    'service web: new',
    'service old: removed; 1 instance drains and ends; data stays',
    'service api: env, inherit_env changed; running, restarted one by one: 1; without a process, changed at their next start: 2',
    'service job: idle_timeout, memory_limit_mb changed; takes effect at once',
    'instance web:acme: registered and started',
    'plan pro: new',
    'plan free: changed; 2 tenants have it',
    'proxy: takes effect at once',
    'api.listen: changes only with a restart of the server',
  ]);
});

test('one tenant has a plan, and two tenants have it', () => {
  const diff = { ...NOTHING, plans: [{ name: 'free', change: 'removed' }] as const };
  expect(describeDiff(diff, three, () => 1)).toEqual(['plan free: removed; 1 tenant has it']);
});
