/** Applications that do more to their socket than listen; Python's servers unchanged. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isMissing } from './fronts.ts';
import { serve, type TestServer } from './support.ts';

const isRoot = process.getuid?.() === 0;
const isMissingModule = (name: string) =>
  process.env['CI'] !== 'true' && spawnSync('/usr/bin/python3', ['-c', `import ${name}`]).status !== 0;

interface Level {
  readonly level: string;
  readonly keys: string;
  /** Whether this machine lacks what the level needs. */
  readonly lacks: boolean;
}

export const PROCESS: Level = { level: 'process', keys: '', lacks: false };

export const OTHER_LEVELS: readonly Level[] = [
  { level: 'process with a user of its own', keys: 'user = "dynamic"', lacks: !isRoot },
  { level: 'namespace', keys: 'isolation = "namespace"\nnetwork = "none"', lacks: isMissing('bwrap') },
  { level: 'sandbox', keys: 'isolation = "sandbox"\nnetwork = "none"', lacks: !isRoot || isMissing('runsc') },
];

const SERVERS = [
  { name: 'gunicorn', command: '/usr/bin/python3 -m gunicorn --bind unix:{socket} python_app:wsgi' },
  { name: 'uvicorn', command: '/usr/bin/python3 -m uvicorn --uds {socket} python_app:asgi' },
];

async function serveApp(command: string, keys: string): Promise<TestServer> {
  const env = '[service.app.env]\nPYTHONDONTWRITEBYTECODE = "1"\n';
  const server = await serve(`[service.app]\ncommand = "${command}"\nworkdir = "{fixtures}"\n${keys}\n${env}`);
  const { stderr } = await server.cli('spawn', 'app', '--id', 'acme');
  expect(stderr).toBe('');
  return server;
}

/** The cases of instances at these levels of isolation. */
export function ownSocketCases(levels: readonly Level[]): void {
  describe.each(levels)('at $level', ({ keys, lacks }) => {
    it.skipIf(lacks)(
      'an application finds its socket where it bound it, and others find it with socket_mode',
      async () => {
        const server = await serveApp('node {fixtures}/changes-socket.mjs', keys);
        expect((await server.get('acme.localhost')).body).toBe('changed');
        const { socket } = await server.instance('app:acme');
        await expect.poll(() => statSync(socket ?? '').mode & 0o777).toBe(0o660);
      },
    );
  });

  describe.each(SERVERS)('$name (apt-get install python3-$name)', ({ name, command }) => {
    for (const { level, keys, lacks } of levels) {
      it.skipIf(lacks || isMissingModule(name))(`serves at ${level}, through sleep and wake`, async () => {
        const server = await serveApp(command, keys);
        expect(await server.get('acme.localhost')).toMatchObject({ status: 200, body: 'acme' });
        await server.cli('sleep', 'app:acme');
        expect(await server.get('acme.localhost')).toMatchObject({ status: 200, body: 'acme' });
        const { socket, restarts } = await server.instance('app:acme');
        expect(restarts).toBe(0);
        // uvicorn gives the socket mode 0666 after it listens.
        await expect.poll(() => statSync(socket ?? '').mode & 0o777).toBe(0o660);
      });
    }
  });
}
