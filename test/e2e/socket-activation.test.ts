/** Sockets that the service manager opens and keeps: what clients notice of a restart, and what tenants get. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  activated,
  clientsOf,
  activatedConfig as config,
  endOf,
  listeningSocket,
  someMore,
} from './listening-sockets.ts';
import { readProc } from './support.ts';

test('a restart under load refuses no connection, fails no request and ends no tenant', async () => {
  const server = activated(config());
  await server.start();
  const [pid = 0, ...others] = server.processesOf('acme');
  const clients = clientsOf(server);
  await someMore(clients);
  await server.stop('SIGTERM');
  await server.start();
  await someMore(clients);
  expect(await endOf(clients)).toEqual({ failures: [], statuses: new Set([200]) });
  expect(server.processesOf('acme')).toEqual([pid, ...others]);
  // The tenant has neither the sockets nor their variables.
  const passed = server.sockets.map(({ fd }) => readlinkSync(`/proc/self/fd/${fd}`));
  expect(readProc(`/proc/${server.pid}/environ`)).toContain('LISTEN_FDS=2');
  expect(readProc(`/proc/${pid}/environ`)).not.toContain('LISTEN_');
  expect(socketsOf(server.pid)).toEqual(expect.arrayContaining(passed));
  expect(socketsOf(pid).filter((socket) => passed.includes(socket))).toEqual([]);
});

function socketsOf(pid: number): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return links.filter((link) => link.startsWith('socket:'));
}

test('the queue of the proxy\u2019s socket stays as long as systemd made it (bug: Node made it 511)', async () => {
  const server = activated(config());
  await server.start();
  const port = server.sockets.find(({ name }) => name === 'proxy')?.port;
  const [, , longest] = execFileSync('ss', ['-Hltn', `sport = :${port}`], { encoding: 'utf8' }).split(/\s+/);
  expect(Number(longest)).toBe(Math.min(4096, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))));
});

test('a socket at another address than the config is not served, and the log says so', async () => {
  const server = activated(config(), ['--proxy', '127.0.0.2:0']);
  await server.start();
  const [proxy, api] = server.sockets;
  expect(server.readyLine).toMatch(/proxy http:\/\/127\.0\.0\.2:/);
  expect(server.readyLine).toContain(`api http://127.0.0.1:${api?.port}`);
  expect(server.stderr).toContain(
    `systemd's socket 'proxy' listens on 127.0.0.1:${proxy?.port}, but [proxy] listen is 127.0.0.2:0: nobody accepts at`,
  );
});

test('a socket with an unknown name prevents the start', async () => {
  const server = activated(config());
  server.sockets = [listeningSocket('web')];
  await expect(server.start()).rejects.toThrow("systemd passed a socket with the unknown name 'web'");
});
