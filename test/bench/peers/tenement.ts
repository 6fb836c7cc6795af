/** tenement itself, as `serve` runs it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BenchServer } from '../server.ts';
import type { AppName, Peer, RunningPeer, Site } from './peer.ts';
import { goneWithin } from './processes.ts';
import { debianRemedies, notesCommand, tenantIds } from './programs.ts';
import { mustAnswer } from './visitor.ts';

const PACKAGE = fileURLToPath(new URL('../../../package.json', import.meta.url));
const END_WITHIN_MS = 10_000;

export const tenementWith = (app: AppName): Peer => ({
  name: 'tenement',
  app,
  front: 'its own proxy',
  installation: () => ({
    version: JSON.parse(readFileSync(PACKAGE, 'utf8')).version,
    missing: app === 'flask' ? debianRemedies(['gunicorn', 'python3-flask']) : [],
  }),
  start: (site) => start(app, site),
});

async function start(app: AppName, site: Site): Promise<RunningPeer> {
  const config = join(site.dir, 'tenement.toml');
  mkdirSync(join(site.dir, 'run'));
  writeFileSync(config, configOf(app, site));
  const server = await BenchServer.start(config);
  const target = { port: server.proxyPort, host: 't0.app.localhost', prefix: '' };
  const tenantMark = join(site.dir, 'data/t0');
  const order = (verb: string) => server.api('POST', `/api/instances/app:t0/${verb}`);
  return {
    target,
    tenantMark,
    wake: 'request',
    sleep: async () => {
      await order('sleep');
      await goneWithin(tenantMark, END_WITHIN_MS);
    },
    revive: async () => {
      await order('restart');
      await mustAnswer(target);
    },
    restart: async () => {
      await order('restart');
    },
  };
}

function configOf(app: AppName, { dir, tenants, apps }: Site): string {
  const gunicorn = 'gunicorn --bind unix:{socket} --workers 1 --threads 4 app:app';
  const command = app === 'notes' ? notesCommand(apps) : gunicorn;
  return `[settings]
runtime_dir = "${dir}/run"
[service.app]
command = ${JSON.stringify(command)}
workdir = "${apps[app]}"
health = "/health"
[service.app.env]
DATABASE_PATH = "{data_dir}/{id}/app.db"
PYTHONDONTWRITEBYTECODE = "1"
[instances]
app = { ids = ${JSON.stringify(tenantIds(tenants))}, start = false }
`;
}
