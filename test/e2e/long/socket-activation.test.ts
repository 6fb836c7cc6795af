/** Sockets that the service manager opens and keeps, over crashes and with proxy workers. */
import { expect, test } from 'vitest';
import {
  activated,
  clientsOf,
  activatedConfig as config,
  endOf,
  listeningSocket,
  someMore,
} from '../listening-sockets.ts';
import { killIfThere, replaced, workersOf } from '../worker-processes.ts';

test('restarts under load refuse no connection and fail no request with proxy workers', async () => {
  const server = activated(config('workers = 2'));
  await server.start();
  const tenants = server.processesOf('acme');
  const clients = clientsOf(server);
  for (let restarts = 0; restarts < 3; restarts += 1) {
    await someMore(clients);
    await server.stop('SIGTERM');
    await server.start();
  }
  await someMore(clients);
  expect(await endOf(clients)).toEqual({ failures: [], statuses: new Set([200]) });
  expect(server.processesOf('acme')).toEqual(tenants);
});

test('a crash refuses no connection: what it does not cut waits for the next server', async () => {
  const server = activated(config());
  await server.start();
  const clients = clientsOf(server);
  await someMore(clients);
  await server.stop('SIGKILL');
  const waiting = Array.from({ length: 10 }, () => server.get('acme.localhost'));
  await server.start();
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set([200]));
  const { failures } = await endOf(clients);
  expect(failures.filter((message) => message.includes('ECONNREFUSED'))).toEqual([]);
});

test('the sockets outlive all workers', async () => {
  const server = activated(config('workers = 2'));
  await server.start();
  const workers = workersOf(server);
  for (const pid of workers) killIfThere(pid);
  const waiting = server.get('acme.localhost');
  await replaced(server, workers);
  expect((await waiting).status).toBe(200);
});

test('a second socket for the API prevents the start', async () => {
  const server = activated(config());
  server.sockets = [listeningSocket('api'), listeningSocket('api')];
  await expect(server.start()).rejects.toThrow('systemd passed 2 sockets for the API, which has one');
});
