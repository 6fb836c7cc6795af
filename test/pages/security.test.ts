/** docs/security.md: its commands, and the keys that it names. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { serve } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/security.md';
const textOf = (page: string) => readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8');

it('docs/security.md: each command does what the page says', async () => {
  const user = process.getuid?.() === 0 ? 'user = "dynamic"' : '';
  const server = await serve(`[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n${user}\n`);
  for (const id of ['acme', 'globex']) await server.cli('spawn', 'api', '--id', id);
  const steps = stepsOf(PAGE);
  expect(steps.length).toBeGreaterThan(4);
  const shell = new PageShell(server);
  for (const step of steps) {
    // Without root, tenants are one user, and verify says so.
    if (user === '' && step.command.includes('verify')) expect((await shell.run(step.command)).status).toBe(1);
    else await shell.expect(step);
  }
});

it('docs/security.md names keys that the reference has', () => {
  const keys = [...textOf(PAGE).matchAll(/`([a-z]+_[a-z_]+)(?: = [^`]*)?`/g)].map(([, key = '']) => key);
  expect(keys.length).toBeGreaterThan(6);
  const reference = textOf('docs/config.md');
  expect(keys.filter((key) => !reference.includes(`\`${key}\``))).toEqual([]);
});
