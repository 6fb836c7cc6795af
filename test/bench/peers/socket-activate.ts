/** systemd-socket-activate: the waiting half of socket activation, without systemd's own supervision. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Peer, RunningPeer, Site } from './peer.ts';
import { endAll } from './processes.ts';
import { debianRemedies, freePorts, launch, notesCommand, tenantIds, versionOf } from './programs.ts';
import { mustAnswer } from './visitor.ts';

const LISTEN_FD = fileURLToPath(new URL('./listen-fd.mjs', import.meta.url));

export const SOCKET_ACTIVATE: Peer = {
  name: 'systemd-socket-activate',
  app: 'notes',
  front: 'nothing',
  installation: () => ({
    version: versionOf('systemd-socket-activate', '--version'),
    missing: debianRemedies(['systemd']),
  }),
  start,
};

async function start(site: Site): Promise<RunningPeer> {
  const { dir } = site;
  const ports = await freePorts(site.tenants);
  const ids = tenantIds(site.tenants);
  for (const id of ids) mkdirSync(join(dir, id));
  for (const [index, id] of ids.entries()) launchFor(site, id, ports[index] ?? 0);
  const [port = 0] = ports;
  const tenantMark = join(dir, 't0/');
  const target = { port, host: 't0.localhost', prefix: '' };
  // It becomes the program; systemd itself would wait on the socket again after the program's end.
  const sleep = async () => {
    await endAll(tenantMark);
    launchFor(site, 't0', port);
    while (!listening(port)) await delay(2);
  };
  return {
    target,
    tenantMark,
    wake: 'request',
    sleep,
    revive: async () => {
      await sleep();
      await mustAnswer(target);
    },
    restart: null,
  };
}

function launchFor({ dir, apps }: Site, id: string, port: number): void {
  const words = [`TENANT_ID=${id}`, `DATABASE_PATH=${join(dir, id, 'app.db')}`].flatMap((word) => ['-E', word]);
  const [node = '', app = ''] = notesCommand(apps);
  const activate = ['systemd-socket-activate', '-l', `127.0.0.1:${port}`, ...words];
  launch(dir, [...activate, node, '--import', LISTEN_FD, app]);
}

/** Finds out from outside, since a connection would start the program. */
function listening(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'latin1').includes(`0100007F:${hex} 00000000:0000 0A`);
}
