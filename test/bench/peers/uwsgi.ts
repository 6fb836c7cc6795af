/** uWSGI's Emperor with vassals on demand, behind nginx. */
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nginxBase } from '../proxies.ts';
import { IDLE_S, idlePeer } from './idle-peer.ts';
import type { Peer, RunningPeer, Site } from './peer.ts';
import { debianRemedies, findProgram, freePorts, launch, logOf, tenantIds, versionOf } from './programs.ts';

export const UWSGI: Peer = {
  name: 'uWSGI Emperor',
  app: 'flask',
  front: 'nginx, uwsgi_pass',
  installation: () => ({
    version: `${versionOf('uwsgi', '--version')} behind nginx ${versionOf('nginx', '-v')}`,
    missing: [
      ...debianRemedies(['uwsgi-core', 'uwsgi-plugin-python3', 'python3-flask']),
      ...(findProgram('nginx') === null ? ['apt-get install nginx-light'] : []),
    ],
  }),
  start,
};

async function start(site: Site): Promise<RunningPeer> {
  const { dir } = site;
  const [port = 0] = await freePorts(1);
  for (const id of tenantIds(site.tenants)) {
    mkdirSync(join(dir, id));
    writeFileSync(join(dir, id, 'vassal.ini'), vassalOf(site, id));
    writeFileSync(join(dir, id, 'vassal.ini.socket'), `${join(dir, id, 's')}\n`);
  }
  launch(dir, ['uwsgi', '--emperor', join(dir, '*/vassal.ini'), '--emperor-on-demand-extension', '.socket']);
  writeFileSync(join(dir, 'nginx.conf'), frontOf(dir, port));
  launch(dir, ['nginx', '-c', join(dir, 'nginx.conf')]);
  return idlePeer({
    dir,
    port,
    restart: async () => utimesSync(join(dir, 't0/vassal.ini'), new Date(), new Date()),
    settled: async () => {
      while (!waitsForDemand(dir)) await delay(5);
    },
  });
}

/** The Emperor watches a vassal's socket again only some time after the process has ended. */
function waitsForDemand(dir: string): boolean {
  const log = readFileSync(logOf(dir), 'latin1');
  const vassal = join(dir, 't0/vassal.ini');
  return log.lastIndexOf(`${vassal} -> back to "on demand" mode`) >= log.lastIndexOf(`${vassal} has been spawned`);
}

function vassalOf({ dir, apps }: Site, id: string): string {
  return `[uwsgi]
plugin = python3
chdir = ${apps.flask}
module = app:app
master = true
processes = 1
threads = 4
need-app = true
disable-logging = true
idle = ${IDLE_S}
die-on-idle = true
env = TENANT_ID=${id}
env = DATABASE_PATH=${dir}/${id}/app.db
`;
}

function frontOf(dir: string, port: number): string {
  return nginxBase(
    dir,
    `server { listen 127.0.0.1:${port}; server_name ~^(?<tenant>t[0-9]+)\\.localhost$;
location / { include /etc/nginx/uwsgi_params; uwsgi_pass unix:${dir}/$tenant/s; } }`,
  );
}
