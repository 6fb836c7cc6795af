/** The commands of docs/domains.md and docs/archives.md, read from the pages, do what these say. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { MAIN } from '../follower.ts';
import { serve, type TestServer } from '../support.ts';

const SERVICE = '[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';

function commandsOf(page: string): string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../../docs/${page}`, import.meta.url)), 'utf8');
  return [...text.matchAll(/^ {4}(?:\$ )?(tenement .*)$/gm)].map(([, line = '']) => line);
}

/** Runs a line of a page in the server's directory. */
function run({ dir, configFile }: TestServer, command: string) {
  const bin = join(dir, 'tenement-bin');
  writeFileSync(bin, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, XDG_RUNTIME_DIR: dir, TENEMENT_CONFIG: configFile };
  return spawnSync('sh', ['-c', command.replace(/^tenement/, `'${bin}'`)], { cwd: dir, env, encoding: 'utf8' });
}

it('the commands of docs/domains.md do what the page says', async () => {
  const commands = commandsOf('domains.md');
  expect(commands.length).toBeGreaterThan(5);
  const server = await serve(SERVICE);
  for (const command of commands) {
    const { status, stderr } = run(server, command);
    // The last one asks to verify a domain that the page has added before, which changes nothing.
    expect([command, status, stderr]).toEqual([command, 0, '']);
  }
  const { domains } = JSON.parse((await server.api('/api/domains')).body);
  expect(domains.map(({ domain, state }: Record<string, string>) => `${domain} ${state}`)).toEqual([
    'shop.acme.org active',
  ]);
  expect((await server.get('shop.acme.org')).status).toBe(200);
});

it('the commands of docs/archives.md do what the page says', async () => {
  const commands = commandsOf('archives.md');
  expect(commands.length).toBeGreaterThan(2);
  const server = await serve(SERVICE);
  await server.cli('tenant', 'create', 'acme');
  for (const command of commands) {
    const { status, stdout, stderr } = run(server, command);
    expect([command, status, stderr]).toEqual([command, 0, '']);
    expect(stdout).not.toBe('');
  }
  for (const id of ['acme', 'globex', 'acme-test']) expect((await server.get(`${id}.localhost`)).status).toBe(200);
});
