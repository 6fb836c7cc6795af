import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { serveFile, type TestServer } from './support.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** Missing programs skip a test by name; in CI they fail it. */
function missing(command: string, args: readonly string[]): boolean {
  if (process.env['CI'] === 'true') return false;
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
}

const noFlask = missing('gunicorn', ['--version']);

async function example(name: string): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  return serveFile(join(EXAMPLES, name, 'tenement.toml'), dir);
}

async function sleepAndWake(server: TestServer, instance: string, host: string): Promise<string> {
  await server.api(`/api/instances/${instance}/sleep`, { method: 'POST' });
  expect(await server.instance(instance)).toMatchObject({ state: 'asleep', pid: null });
  const answer = await server.get(host);
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('the examples run as they stand', () => {
  it('notes: notes stay with their customer, also through sleep', async () => {
    const server = await example('notes');
    const body = JSON.stringify({ text: '<b>only acme</b>' });
    const headers = { 'content-type': 'application/json' };
    expect((await server.get('acme.localhost', '/api/notes', { method: 'POST', headers, body })).status).toBe(201);
    expect((await server.get('globex.localhost', '/api/notes')).body.trim()).toBe('[]');
    const page = await sleepAndWake(server, 'notes:acme', 'acme.localhost');
    expect(page).toContain('Notes of acme');
    expect(page).toContain('only acme');
    expect(page).not.toContain('<b>only acme');
  });

  it('python: each customer counts for itself', async () => {
    const server = await example('python');
    expect((await server.get('acme.localhost')).body).toBe('acme: visit 1\n');
    expect(await sleepAndWake(server, 'visits:acme', 'acme.localhost')).toBe('acme: visit 2\n');
    expect((await server.get('globex.localhost')).body).toBe('globex: visit 1\n');
  });

  it('port: an application that only knows $PORT', async () => {
    const server = await example('port');
    expect((await server.get('acme.localhost')).body).toMatch(/^acme on port \d+\n$/);
    expect(await sleepAndWake(server, 'web:acme', 'acme.localhost')).toMatch(/^acme on port \d+\n$/);
  });

  it.skipIf(noFlask)('flask under gunicorn (apt-get install gunicorn python3-flask)', async () => {
    const server = await example('flask');
    expect((await server.get('customer1.localhost')).body).toBe('Hello from customer1, visit 1!\n');
    expect(await sleepAndWake(server, 'api:customer1', 'customer1.localhost')).toBe('Hello from customer1, visit 2!\n');
    expect((await server.get('customer2.localhost')).body).toBe('Hello from customer2, visit 1!\n');
  });
});
