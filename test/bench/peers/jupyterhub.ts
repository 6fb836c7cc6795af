/** JupyterHub and its proxy, with the notes example in place of a notebook. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Peer, RunningPeer, Site } from './peer.ts';
import { goneWithin } from './processes.ts';
import {
  cacheDir,
  freePorts,
  isExecutable,
  launch,
  notesCommand,
  npmPackage,
  tenantIds,
  versionOf,
} from './programs.ts';
import { mustAnswer } from './visitor.ts';

const WANTED = '5.3.0';
const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 10_000;
/** The token of this run, on loopback. */
const TOKEN = `bench-${crypto.randomUUID()}`;

const venv = () => join(cacheDir(), 'venv');
const program = () => join(venv(), 'bin/jupyterhub');
const proxy = () => npmPackage('configurable-http-proxy', '5.3.0');

export const JUPYTERHUB: Peer = {
  name: 'JupyterHub',
  app: 'notes',
  front: 'configurable-http-proxy',
  installation: () => {
    const installed = isExecutable(program());
    const remedy = `python3 -m venv ${venv()} && ${venv()}/bin/pip install jupyterhub==${WANTED}`;
    return {
      version: `${installed ? versionOf(program(), '--version') : WANTED}, proxy ${proxy().version}`,
      missing: [...(installed ? [] : [remedy]), ...proxy().missing],
    };
  },
  start,
};

async function start(site: Site): Promise<RunningPeer> {
  const { dir } = site;
  const [port = 0, hubPort = 0, proxyApiPort = 0] = await freePorts(3);
  for (const id of tenantIds(site.tenants)) mkdirSync(join(dir, id));
  writeFileSync(join(dir, 'hub.py'), configOf(site, { port, hubPort, proxyApiPort }));
  // Programs that JupyterHub starts find Node in this directory.
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  launch(dir, [program(), '-f', join(dir, 'hub.py')], { PATH: path });
  const hub = (method: string, route: string) => order(port, method, route);
  await untilReady(port);
  for (const id of tenantIds(site.tenants)) await hub('POST', `users/${id}`);
  const target = { port, host: 'localhost', prefix: '/user/t0' };
  const tenantMark = join(dir, 't0/');
  const begin = () => hub('POST', 'users/t0/server');
  const sleep = async () => {
    await hub('DELETE', 'users/t0/server');
    await goneWithin(tenantMark, END_WITHIN_MS);
  };
  const restart = async () => {
    await sleep();
    await begin();
  };
  const revive = async () => {
    await restart();
    await mustAnswer(target);
  };
  return { target, tenantMark, wake: begin, sleep, revive, restart };
}

async function untilReady(port: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while ((await order(port, 'GET', 'users').catch(() => 0)) !== 200) {
    if (performance.now() > deadline) throw new Error('JupyterHub does not get ready');
    await delay(100);
  }
}

/** Returns the status. */
function order(port: number, method: string, route: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `token ${TOKEN}`, 'content-length': 0 };
    const where = { host: '127.0.0.1', port, path: `/hub/api/${route}`, method, headers, agent: false };
    const asked = request(where, (response) => response.resume().once('end', () => resolve(response.statusCode ?? 0)));
    asked.once('error', reject).end();
  });
}

interface Ports {
  readonly port: number;
  readonly hubPort: number;
  readonly proxyApiPort: number;
}

/** JSON's strings and lists are valid in Python too. */
function configOf({ dir, apps }: Site, { port, hubPort, proxyApiPort }: Ports): string {
  const proxyCommand = [process.execPath, join(proxy().dir, 'bin/configurable-http-proxy'), '--no-include-prefix'];
  return `c.JupyterHub.ip = c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.port = ${port}
c.JupyterHub.hub_port = ${hubPort}
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "null"
c.JupyterHub.db_url = "sqlite:///${dir}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "${dir}/cookie_secret"
c.JupyterHub.services = [{"name": "bench", "api_token": "${TOKEN}", "admin": True}]
c.JupyterHub.log_level = "ERROR"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:${proxyApiPort}"
c.ConfigurableHTTPProxy.command = ${JSON.stringify(proxyCommand)}
c.ConfigurableHTTPProxy.pid_file = "${dir}/proxy.pid"
c.SimpleLocalProcessSpawner.home_dir_template = "${dir}/{username}"
c.Spawner.cmd = ${JSON.stringify(notesCommand(apps))}
c.Spawner.environment = {
    "PORT": lambda spawner: str(spawner.port),
    "TENANT_ID": lambda spawner: spawner.user.name,
    "DATABASE_PATH": lambda spawner: f"${dir}/{spawner.user.name}/app.db",
}
`;
}
