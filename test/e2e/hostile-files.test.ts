/** Files that a tenant leaves in its directories, on a real server. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, type TestServer } from './support.ts';

/** The tenant nests directories before it serves, at its first start. */
const nests = (depth: number, where: string, settings = '') => `${settings}
[service.app]
command = ["/bin/sh", "-c", '''
  [ -e "$DATA_DIR/.seen" ] || perl -e 'chdir shift; for (1..${depth}) {{ mkdir "a"; chdir "a" }}' "${where}"
  : > "$DATA_DIR/.seen"
  exec node {fixtures}/tenant.mjs
''']
startup_timeout = "2m"
`;

const trashOf = (server: TestServer) => join(server.dataDir, '.tenement/trash');

// Creating and deleting them takes some seconds each, and longer on a busy machine.
describe('a tenant that nests directories', { timeout: 180_000 }, () => {
  it('in the directory of its socket is restarted, and the server keeps running, also after being killed', async () => {
    const runtimeDir = temporaryMemory();
    // More directories than the limit of open files.
    const server = await serve(nests(30_000, '$(dirname "$SOCKET_PATH")', `runtime_dir = "${runtimeDir}"`));
    await server.api('/spawn/app/--id=acme');
    const { pid } = server;
    expect((await server.cli('restart', 'app:acme')).status).toBe(0);
    expect((await server.get('acme.localhost')).status).toBe(200);
    expect(server.pid).toBe(pid);
    await server.stop('SIGKILL');
    await server.start();
    expect((await server.get('acme.localhost')).status).toBe(200);
    // The leftovers are deleted by now, or by the next server.
    const [socketParent = ''] = readdirSync(runtimeDir).filter((name) => name.startsWith('.tenement'));
    await expect.poll(() => readdirSync(join(runtimeDir, socketParent)), { timeout: 120_000 }).not.toContain('.trash');
  });

  it('in its own directory is purged at once, and leaves nothing for the next tenant of that name', async () => {
    const server = await serve(nests(4000, '$DATA_DIR'));
    await server.api('/spawn/app/--id=acme');
    expect((await server.cli('rm', 'app:acme', '--purge')).status).toBe(0);
    expect(existsSync(join(server.dataDir, 'acme'))).toBe(false);
    await expect.poll(() => existsSync(trashOf(server)), { timeout: 120_000 }).toBe(false);
    expect(readdirSync(server.dataDir)).toEqual(['.tenement']);
  });
});

/** A directory in memory if possible, like the default directory of sockets: quick to fill. */
function temporaryMemory(): string {
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
