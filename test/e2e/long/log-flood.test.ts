import { expect, test } from 'vitest';
import { serve } from '../support.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

/** At the rate limit of floods, 150 MB take ten seconds, and several times that on a busy machine. */
const FLOOD_MS = 120_000;

test('a tenant that floods its log slows no other, and its log stays bounded', { timeout: FLOOD_MS }, async () => {
  const server = await serve(
    `${APP}[service.flood]\ncommand = "node {fixtures}/flood.mjs"\nlog_limit_mb = 2\n[proxy]\ndefault_service = "app"\n[instances]\napp = ["acme"]\n`,
  );
  expect((await server.cli('spawn', 'flood', '--id', 'noisy')).status).toBe(0);
  // 100 MB of short lines, one line of 50 MB without an end, and binary.
  const done = server.event('flood:noisy', 'slept');
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.get('acme.localhost')));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  await done;
  const { bytes } = server.logSize('flood', 'noisy');
  expect(bytes).toBeGreaterThan(1024 * 1024);
  expect(bytes).toBeLessThan(3 * 1024 * 1024);
  const { stdout } = await server.cli('logs', 'flood:noisy', '-n', '1');
  expect(stdout).toContain('the last line');
});
