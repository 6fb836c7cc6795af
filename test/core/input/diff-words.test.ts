import { expect, test } from 'vitest';
import { describeDiff } from '../../../src/core/input/diff-words.ts';

const NOTHING = { added: [], removed: [], changed: [], instances: [], live: [], needsRestart: [] };
const three = () => ({ registered: 3, running: 1 });

test('no difference needs no words', () => {
  expect(describeDiff(NOTHING, three)).toEqual([]);
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
    live: ['proxy'],
    needsRestart: ['api.listen'],
  };
  expect(describeDiff(diff, three)).toEqual([
    'service web: new',
    'service old: removed; 1 instance drains and ends; data stays',
    'service api: env, inherit_env changed; running, restarted one by one: 1; without a process, changed at their next start: 2',
    'service job: idle_timeout, memory_limit_mb changed; takes effect at once',
    'instance web:acme: registered and started',
    'proxy: takes effect at once',
    'api.listen: changes only with a restart of the server',
  ]);
});
