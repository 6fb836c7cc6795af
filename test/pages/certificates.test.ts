/** docs/certificates.md: its commands, and its configurations. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { withoutPebble } from '../acme/pebble.ts';
import { certifiedServer } from '../e2e/certificate-server.ts';
import { temporaryDirectory } from '../e2e/support.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/certificates.md';

it.skipIf(withoutPebble !== null)(
  `each command prints what the page shows (${withoutPebble ?? 'pebble'})`,
  async () => {
    const { server } = await certifiedServer(onTestFinished);
    await server.cli('tenant', 'create', 'acme');
    const shell = new PageShell(server, { 'api:acme': 'app:acme' });
    const steps = stepsOf(PAGE);
    expect(steps.map(({ command }) => command.split(' ').slice(1, 3).join(' '))).toEqual([
      'domain add',
      'domain show',
      'cert ls',
      'cert renew',
    ]);
    // An order takes a moment.
    for (const step of steps) await vi.waitFor(() => shell.expect(step), { timeout: 30_000 });
  },
);

it('each configuration is one that tenement accepts', () => {
  const page = readFileSync(new URL(`../../${PAGE}`, import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```toml\n(.*?)^```/gms)].map(([, block = '']) => block);
  expect(blocks).toHaveLength(3);
  for (const block of blocks) {
    const file = join(temporaryDirectory(), 'tenement.toml');
    const tls = block.includes('[tls]') ? '' : '[tls]\n';
    writeFileSync(file, `[service.api]\ncommand = "true"\n${tls}${block}`);
    expect(loadConfig(file, { env: {}, uid: 0 }).tls?.acme?.email).toBe('ops@example.com');
  }
});
