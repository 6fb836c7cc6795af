import { describe, expect, it } from 'vitest';
import { isRunning, serveAll } from '../support.ts';
import {
  config,
  replaced,
  served,
  spawned,
  statusesOf,
  statusOrNone,
  takePortOf,
  workersOf,
} from '../worker-processes.ts';

describe('proxy workers', () => {
  const running = serveAll(`${config()}[service.idle]\ncommand = "node {fixtures}/tenant.mjs"\nidle_timeout = 2\n`);

  it('that hang are replaced, and the others serve meanwhile', async () => {
    const server = await spawned(running(), 'hung');
    await server.get('hung.localhost');
    const [hung = 0] = workersOf(server);
    process.kill(hung, 'SIGSTOP');
    expect(await statusesOf(Array.from({ length: 20 }, () => server.get('hung.localhost')))).toEqual(new Set([200]));
    await expect.poll(() => isRunning(hung), { timeout: 15_000 }).toBe(false);
    await expect.poll(() => workersOf(server)).toHaveLength(2);
  });

  it('are not considered hung by a server that was itself halted', async () => {
    const server = await spawned(running(), 'halted');
    const before = workersOf(server);
    process.kill(server.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 6500));
    process.kill(server.pid, 'SIGCONT');
    expect(await statusesOf(Array.from({ length: 20 }, () => server.get('halted.localhost')))).toEqual(new Set([200]));
    expect(workersOf(server)).toEqual(before);
  });

  it('that end are replaced, also while instances are registered', async () => {
    const server = await served();
    for (let round = 0; round < 3; round += 1) {
      const before = workersOf(server);
      for (const pid of before) process.kill(pid, 'SIGKILL');
      const ids = Array.from({ length: 20 }, (_, index) => `t${round}-${index}`);
      await Promise.all(ids.map((id) => server.api(`/spawn/app/--id=${id}?start=false`, { method: 'POST' })));
      await replaced(server, before);
    }
    expect((await server.api('/health')).status).toBe(200);
  });

  it('whose port was taken when the last of them ended listen there as soon as it is free', async () => {
    const server = await served();
    const taker = await takePortOf(server);
    await expect.poll(() => workersOf(server)).not.toEqual([]);
    const tried = workersOf(server);
    await expect.poll(() => workersOf(server).some((pid) => !tried.includes(pid))).toBe(true);
    taker.close();
    await expect.poll(() => statusOrNone(server)).toBe(200);
  });
});
