/** docs/dashboard.md: links, sessions and the list, by the page's commands. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serveAll } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const server = serveAll('[service.api]\ncommand = "node {fixtures}/tenant.mjs"\n');

it('prints links that log in, lists sessions, and lists what a token sees', async () => {
  await server().cli('spawn', 'api', '--id', 'acme', '--no-start');
  // The shell runs in the checkout, which is no place for a token.
  const shell = new PageShell(server(), { 'acme.token': join(server().dir, 'acme.token') });
  const steps = stepsOf('docs/dashboard.md');
  expect(steps).toHaveLength(6);
  for (const step of steps) await shell.expect(step);
});
