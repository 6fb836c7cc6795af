/** docs/billing.md: its commands, in order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { serve, temporaryDirectory } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/billing.md';
const CONFIG = `
[service.api]
command = "node {fixtures}/tenant.mjs"
health = "/health"
[plan.free]
[plan.trial]
[plan.pro]
memory_limit_mb = 512
[tenants]
default_plan = "free"
`;

it('docs/billing.md: each command prints what the page shows', async () => {
  const server = await serve(CONFIG);
  const shell = new PageShell(server, { '> usage.csv': `> ${join(temporaryDirectory(), 'usage.csv')}` });
  const steps = stepsOf(PAGE);
  expect(steps.length).toBeGreaterThan(7);
  for (const step of steps) await shell.expect(step);
});

it('docs/billing.md: a command of the table and its route do the same', async () => {
  const page = readFileSync(fileURLToPath(new URL(`../../${PAGE}`, import.meta.url)), 'utf8');
  const rows = [...page.matchAll(/^\| [^|]+ \| `(tenement [^`]+)` \|[^{]+`(\{.*\})` \|$/gm)];
  expect(rows).toHaveLength(5);
  const server = await serve(CONFIG);
  for (const id of ['acme', 'initech']) await server.cli('tenant', 'create', id);
  const terms = async (id: string) => {
    const { plan, state, expiresAt } = JSON.parse((await server.api(`/api/tenants/${id}`)).body);
    return { plan, state, expires: expiresAt === null ? 'never' : Date.parse(expiresAt) > Date.now() };
  };
  for (const [, command = '', body = ''] of rows) {
    // A date that the page names is in the past some day.
    const named = (words: string) => words.replace('2026-12-31', '2099-12-31');
    const isNew = command.includes('create');
    const { status } = await server.cli(...named(command).split(' ').slice(1));
    const answer = await server.api(isNew ? '/api/tenants' : '/api/tenants/initech', {
      method: isNew ? 'POST' : 'PATCH',
      body: named(body).replace('globex', 'hooli'),
      headers: { 'content-type': 'application/json' },
    });
    expect([command, status, answer.status]).toEqual([command, 0, isNew ? 201 : 200]);
    const [byCommand, byRoute] = isNew ? ['globex', 'hooli'] : ['acme', 'initech'];
    expect([command, await terms(byRoute)]).toEqual([command, await terms(byCommand)]);
  }
});
