/** A server with a low limit of open files. */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { serve } from './support.ts';

const PATIENCE_MS = 60_000;
const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\nidle_timeout = 0\n';

function silent(count: number, where: { port: number } | { path: string }): Socket[] {
  const sockets = Array.from({ length: count }, () => connect(where).on('error', () => {}));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

it(
  'a server answers others, its operator and the API while hundreds of silent connections are open',
  async () => {
    const server = await serve(`[instances]\napp = ["acme", "beta"]\n${APP}`);
    await server.stop();
    server.prelude = 'ulimit -n 400';
    await server.start();
    silent(600, { port: server.proxyPort });
    silent(600, { port: server.apiPort });
    silent(100, { path: join(server.dataDir, '.tenement/control.sock') });
    // Silent connections give way after one second.
    const options = { timeout: PATIENCE_MS, interval: 100 };
    for (const host of ['acme.localhost', 'beta.localhost'])
      await vi.waitUntil(async () => (await server.get(host).catch(() => null))?.status === 200, options);
    await vi.waitUntil(async () => (await server.api('/health').catch(() => null))?.status === 200, options);
    await vi.waitUntil(async () => (await server.cli('ps')).status === 0, options);
    await vi.waitUntil(async () => (await server.cli('restart', 'app:acme')).status === 0, options);
    const metrics = await server.api('/metrics');
    expect(metrics.body).toMatch(/tenement_connections_turned_away_total\{listener="proxy"\} [1-9]/);
    expect(readdirSync(`/proc/${server.pid}/fd`).length).toBeLessThan(400);
  },
  2 * PATIENCE_MS,
);
