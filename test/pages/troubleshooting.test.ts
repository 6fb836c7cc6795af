/** docs/troubleshooting.md: its commands, with an application that runs and one that cannot. */
import { expect, it } from 'vitest';
import { serve } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/troubleshooting.md';
const PATIENCE_MS = 60_000;
const CONFIG = `
max_restarts = 1
backoff_base_ms = 1
[proxy]
default_service = "app"
[service.app]
command = "node {fixtures}/tenant.mjs"
health = "/health"
[service.broken]
command = "node app-that-is-not-there.js"
`;

it('docs/troubleshooting.md: each command shows what the page says', { timeout: 3 * PATIENCE_MS }, async () => {
  const server = await serve(CONFIG);
  for (const service of ['app', 'broken']) await server.cli('spawn', service, '--id', 'acme');
  const state = async () => (await server.instance('broken:acme')).state;
  await expect.poll(state, { timeout: PATIENCE_MS }).toBe('failed');
  const steps = stepsOf(PAGE);
  expect(steps.length).toBeGreaterThan(9);
  const shell = new PageShell(server);
  for (const step of steps) await shell.expect(step);
});
