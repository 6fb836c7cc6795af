import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { byDirectory, HostSockets } from '../../../src/process/isolation/host-sockets.ts';
import { makeDir } from '../support.ts';

const TABLE = `Num       RefCount Protocol Flags    Type St Inode Path
ffff888100000000: 00000002 00000000 00010000 0001 01 11 /run/a.sock
ffff888100000001: 00000003 00000000 00000000 0001 03 12 /run/a.sock
ffff888100000002: 00000002 00000000 00010000 0005 01 13 /run/with space.sock
ffff888100000003: 00000002 00000000 00010000 0001 01 14 @abstract
ffff888100000004: 00000002 00000000 00010000 0001 01 15 relative.sock
ffff888100000005: 00000002 00000000 00010000 0001 01 16 /srv/db/s
`;

it('host sockets are listed under a path, by directory', () => {
  expect([...byDirectory(TABLE)]).toEqual([
    ['/run', ['/run/a.sock', '/run/with space.sock']],
    ['/srv/db', ['/srv/db/s']],
  ]);
});

it('a new host socket is found, except in excluded directories', async () => {
  const dir = makeDir();
  // The machine may have thousands of sockets.
  const sockets = new HostSockets(0);
  const before = await sockets.listening([]);
  const server = createServer().listen(join(dir, 's'));
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(before).not.toContain(join(dir, 's'));
  expect(await sockets.listening([])).toContain(join(dir, 's'));
  expect(await sockets.listening([dir])).not.toContain(join(dir, 's'));
});
