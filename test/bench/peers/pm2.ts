/** pm2 in its cluster mode, the one that can reload without losing requests. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, RunningPeer, Site } from './peer.ts';
import { freePorts, npmPackage, run, tenantIds } from './programs.ts';
import { mustAnswer } from './visitor.ts';

const found = () => npmPackage('pm2', '7.0.4');

export const PM2: Peer = {
  name: 'pm2',
  app: 'notes',
  front: "Node's cluster",
  installation: found,
  start,
};

async function start(site: Site): Promise<RunningPeer> {
  const { dir, apps } = site;
  const ports = await freePorts(site.tenants);
  const ecosystem = join(dir, 'ecosystem.json');
  const declared = tenantIds(site.tenants).map((id, index) => {
    mkdirSync(join(dir, id));
    const env = { PORT: String(ports[index]), TENANT_ID: id, DATABASE_PATH: join(dir, id, 'app.db') };
    return { name: id, script: join(apps.notes, 'app.js'), exec_mode: 'cluster', instances: 1, env };
  });
  writeFileSync(ecosystem, JSON.stringify({ apps: declared }));
  // The signal on which the example ends.
  const env = { PM2_HOME: join(dir, 'home'), PM2_KILL_SIGNAL: 'SIGTERM' };
  const pm2 = (...args: string[]) => run(dir, [process.execPath, join(found().dir, 'bin/pm2'), ...args], env);
  await pm2('start', ecosystem);
  await pm2('stop', 'all');
  const target = { port: ports[0] ?? 0, host: 't0.localhost', prefix: '' };
  return {
    target,
    tenantMark: join(dir, 't0/'),
    wake: 'cannot',
    sleep: () => pm2('stop', 't0'),
    revive: async () => {
      await pm2('restart', 't0');
      await mustAnswer(target);
    },
    restart: () => pm2('reload', 't0'),
  };
}
