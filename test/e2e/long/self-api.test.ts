/** An instance asks tenement about its own tenant, at every level of isolation. */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LEVELS, supported } from '../../hostile/levels.ts';
import { ask, serveTwo, socketOf } from '../self-asking.ts';

/** A socket of another program, for everyone, in a directory that every level but one shows. */
async function hostSocket(): Promise<string> {
  const dir = mkdtempSync('/srv/tnm-');
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  chmodSync(dir, 0o755);
  const path = join(dir, 's');
  const server = createServer((_request, response) => response.end('{}')).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  chmodSync(path, 0o666);
  return path;
}

describe.each(LEVELS)('at $name', (level) => {
  it('an instance sees its own tenant, counts for it, and reaches no socket of others', async (context) => {
    const why = await supported(level);
    if (why !== null) return context.skip(why);
    const hosts = await hostSocket();
    const server = await serveTwo(level);
    expect(await ask(server, 'acme', '/tenant')).toMatchObject({
      status: 200,
      body: { id: 'acme', service: 'app', plan: 'free', features: ['export'], expiresAt: null },
    });
    expect(await ask(server, 'acme', '/counters/users', { add: 2 })).toEqual({
      status: 200,
      body: { name: 'users', value: 2, limit: 3 },
    });
    expect((await ask(server, 'globex', '/tenant')).body).toMatchObject({
      id: 'globex',
      counters: [
        { name: 'users', value: 0 },
        { name: 'projects', value: 0, limit: null },
      ],
    });
    const others = await socketOf(server, 'globex');
    const { status, body } = await server.get('acme.localhost', `/tenant?socket=${others}`);
    // Without users of their own, tenants run as the server's user, from which nothing is kept.
    const ofHost = await server.get('acme.localhost', `/?socket=${hosts}`);
    expect(ofHost.status).toBe(level.name.startsWith('process') ? 200 : 502);
    if (level.name === 'process') expect(status).toBe(200);
    else expect([status, body]).toEqual([502, expect.stringMatching(/^(EACCES|ENOENT|ECONNREFUSED|EPERM)$/)]);
  });
});
