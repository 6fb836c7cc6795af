/** docs/monitoring.md: its commands, and its queries. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missing, program } from '../apps/needs.ts';
import { serve, temporaryDirectory } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/monitoring.md';
const EXAMPLE = join(process.cwd(), 'examples/monitoring');
const lacks = missing([program('promtool', 'prometheus')]).map(({ remedy }) => remedy);
const skips = lacks.length > 0 && process.env['CI'] === undefined;

it.skipIf(skips)(
  `${PAGE}: each command does what the page says (${lacks.join() || 'needs nothing more'})`,
  async () => {
    const server = await serve('[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nidle_timeout = 0\n');
    const token = join(temporaryDirectory(), 'tenement.token');
    const shell = new PageShell(server, {
      'tenement.token': token,
      'rules alerts.yml': `rules ${join(EXAMPLE, 'alerts.yml')}`,
      'Checking alerts.yml': `Checking ${join(EXAMPLE, 'alerts.yml')}`,
      'alerts.test.yml': join(EXAMPLE, 'alerts.test.yml'),
    });
    const steps = stepsOf(PAGE);
    expect(steps).toHaveLength(3);
    for (const step of steps) await shell.expect(step);
    const headers = { authorization: `Bearer ${readFileSync(token, 'utf8').trim()}` };
    const { body } = await server.api('/metrics', { headers });
    const known = new Set(Array.from(body.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
    const used = readFileSync(PAGE, 'utf8').match(/`[^`]*\btenement_\w+[^`]*`/g) ?? [];
    const families = used.flatMap((query) => query.match(/\b(?:tenement|nodejs)_\w*[a-z]\b/g) ?? []);
    const unknown = families.map((name) => name.replace(/_(bucket|count|sum)$/, '')).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  },
);
