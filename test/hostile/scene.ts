/** A real server at one level, with a victim tenant and a hostile one that makes the attempts. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryPlaceOf } from '../../src/process/secrets/memory-place.ts';
import { TestServer } from '../e2e/test-server.ts';
import { type Bystander, openBystander } from './bystander.ts';
import { CAP_KEYS, CAPS, type Cap, HOMELY, type Level, supported } from './levels.ts';
import { allProcesses, endAll, holdsWithin, socketsIn, withArgument } from './look.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** A place where data of a real server could be: not /tmp, which a level may hide for reasons of its own. */
const PLACES = ['/srv', '/var/lib', tmpdir()];

/** Name of a secret of the victim. */
export const VICTIM_SECRET = 'VICTIM_KEY';

export class Scene {
  readonly level: Level;
  readonly server: TestServer;
  readonly bystander: Bystander;
  /** Known only to the victim and the server. */
  readonly secret = 'secret-of-victim';
  /** Files that an attempt may leave on the host when the test ends early. */
  private readonly planted = new Set<string>();
  private readonly tokens = new Set<string>();
  private count = 0;

  constructor(level: Level, server: TestServer, bystander: Bystander) {
    this.level = level;
    this.server = server;
    this.bystander = bystander;
  }

  get victimDir(): string {
    return join(this.server.dataDir, 'victim');
  }

  get stateDir(): string {
    return join(this.server.dataDir, '.tenement');
  }

  get publicSocket(): string {
    return join(this.server.dir, 'tenement/app-victim.sock');
  }

  /** Socket of a service whose sockets have a directory of their own. */
  get socketApart(): string {
    return join(this.server.dir, 'apart/victim.sock');
  }

  /** Lists all names of the victim's socket, except the public one. */
  get privateSocket(): string {
    const isIts = (path: string) =>
      path.includes('app-victim') && path !== this.publicSocket && path !== this.selfSocket;
    return theFirst(socketsIn(join(this.server.dir, 'tenement')).filter(isIts), 'private socket of the victim');
  }

  /** The victim's own socket to tenement. */
  get selfSocket(): string {
    return join(this.server.dir, `tenement/.tenement-${process.getuid?.() ?? 0}/app-victim.self/s`);
  }

  /** The victim's secrets, as the server has written them for its process. */
  get secretsDir(): string {
    const settings = { runtimeDir: join(this.server.dir, 'tenement'), stateDir: this.stateDir };
    return join(memoryPlaceOf(settings).dir, 'app.victim.secrets');
  }

  /** Returns the pid on the host of the application, not of its wrapper. */
  pidOf(service: string, tenantId: string): number {
    return this.find(service, tenantId).pid;
  }

  /** Path that the victim is told to bind. */
  get bindSocket(): string {
    return this.find('app', 'victim').environment.get('SOCKET_PATH') ?? '';
  }

  /** Returns the victim's cgroup; null without cgroups. */
  get victimCgroup(): string | null {
    const lines = readFileSync(`/proc/${this.pidOf('app', 'victim')}/cgroup`, 'utf8').split('\n');
    const [, controllers = '', path = '/'] = (lines.find((line) => line.includes('victim')) ?? '').split(':');
    return path === '/' ? null : join('/sys/fs/cgroup', controllers, path);
  }

  /** Returns a name for a file that is removed at the end in any case. */
  plant(dir: string): string {
    this.count += 1;
    const path = join(dir, `tnm-hostile-${process.pid}-${this.count}`);
    this.planted.add(path);
    return path;
  }

  /** Returns how long a daemon sleeps, which identifies it. It is ended in any case. */
  token(): string {
    this.count += 1;
    const token = `86400.${process.pid}${this.count}`;
    this.tokens.add(token);
    return token;
  }

  async close(): Promise<void> {
    this.bystander.close();
    for (const token of this.tokens) endAll(withArgument(token));
    for (const path of this.planted) rmSync(path, { force: true });
    await this.server.dispose();
  }

  private find(service: string, tenantId: string) {
    const program = join(this.server.dir, 'app/node');
    // In a sandbox the host sees only runsc.
    const isProgram = (word = '') => word === program || basename(word) === 'runsc';
    const isIt = (environment: ReadonlyMap<string, string>) =>
      environment.get('SERVICE_NAME') === service &&
      environment.get('DATA_DIR') === join(this.server.dataDir, tenantId);
    const its = allProcesses().filter(({ words, environment }) => isProgram(words[0]) && isIt(environment));
    return theFirst(its, `process of ${service}:${tenantId}`);
  }
}

/** Settles when all tenants serve. */
export async function openScene(level: Level): Promise<Scene> {
  const dir = makeDir();
  const configFile = join(dir, 'tenement.toml');
  const bystander = await openBystander(dir);
  const { text, instances } = await configOf(dir, level, bystander);
  writeFileSync(configFile, text, { mode: 0o600 });
  const scene = new Scene(level, new TestServer(dir, configFile, []), bystander);
  try {
    await scene.server.start();
    await giveSecret(scene);
    for (const instance of instances) await start(scene, instance);
    return scene;
  } catch (error) {
    await scene.close();
    throw error;
  }
}

async function giveSecret({ server, secret }: Scene): Promise<void> {
  const { status, body } = await server.api(`/api/tenants/victim/secrets/${VICTIM_SECRET}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ value: secret }),
  });
  if (status !== 200) throw new Error(`the victim was given no secret: ${body}`);
}

/** Settles when the instance serves, at its first or a later start. */
export async function start({ server }: Scene, instance: string): Promise<void> {
  const { status, body } = await server.api(`/api/instances/${instance}/start`, { method: 'POST' });
  const isReady = async () => (await server.instance(instance)).state === 'ready';
  if (status !== 200 || !(await holdsWithin(READY_WITHIN_MS, isReady)))
    throw new Error(`${instance} did not start: ${body}`);
}

const READY_WITHIN_MS = 60_000;

/** Registers an instance, whether or not it starts. */
export async function spawnIn({ server }: Scene, service: string, id: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ service, id });
  const answer = await server.api('/api/instances', { method: 'POST', headers, body });
  if (answer.status !== 201 && answer.status !== 502)
    throw new Error(`${service}:${id} was not spawned: ${answer.body}`);
}

/** Makes a directory that contains the program and Node, so that the checkout's place and permissions do not matter. */
function makeDir(): string {
  const dir = mkdtempSync(join(PLACES.find(canMakeIn) ?? tmpdir(), 'tnm-'));
  chmodSync(dir, 0o755);
  const app = join(dir, 'app');
  mkdirSync(app);
  cpSync(join(HERE, 'tenant'), join(app, 'tenant'), { recursive: true });
  copyFileSync(join(HERE, 'tenant.mjs'), join(app, 'tenant.mjs'));
  try {
    linkSync(process.execPath, join(app, 'node'));
  } catch {
    // The link failed across file systems.
    copyFileSync(process.execPath, join(app, 'node'));
  }
  return dir;
}

function canMakeIn(place: string): boolean {
  try {
    rmSync(mkdtempSync(join(place, 'tnm-')), { recursive: true });
    return true;
  } catch {
    return false;
  }
}

async function configOf(
  dir: string,
  level: Level,
  bystander: Bystander,
): Promise<{ text: string; instances: string[] }> {
  const { keys, alone } = level;
  const caps = await supportedCaps(level);
  const hasHome = (await supported(level, HOMELY)) === null;
  const text = [
    'settings = { data_dir = "./data", backoff_base_ms = 10, backoff_max_ms = 100, max_restarts = 10000 }',
    'proxy = { default_service = "app" }',
    'instances = { app = ["victim", "hostile"], web = ["victim"], capped = ["bomber"], apart = ["victim"], wide = ["hostile"] }',
    serviceText(dir, 'app', [keys, alone, ...selfKeys(level)]),
    // A port is of use only if the proxy can reach it.
    serviceText(dir, 'web', [keys, 'listen = "port"']),
    serviceText(dir, 'capped', [keys, alone, ...caps.map((cap) => CAP_KEYS[cap])]),
    // Failed starts end sooner.
    serviceText(dir, 'brief', [keys, alone, 'startup_timeout = "2s"']),
    serviceText(dir, 'ends', [keys, alone, 'command = "/bin/true"']),
    // The public sockets are in a directory without other services' sockets.
    serviceText(dir, 'apart', [keys, alone, `socket = "${dir}/apart/{id}.sock"`]),
    // The workdir contains everything, and the command names files that the tenant must not reach.
    serviceText(dir, 'wide', [keys, alone, 'workdir = "."', wideCommand(dir, bystander)]),
    serviceText(dir, 'loads', [keys, alone], 'LD_LIBRARY_PATH = "{tenant_dir}/lib"'),
    ...(hasHome ? [serviceText(dir, 'home', [keys, alone, HOMELY, 'startup_timeout = "10s"'])] : []),
  ].join('\n');
  return {
    text,
    instances: ['app:victim', 'app:hostile', 'web:victim', 'capped:bomber', 'apart:victim', 'wide:hostile'],
  };
}

/** Sockets to tenement, except in a sandbox, which would not start beside the host's sockets in the workdir. */
function selfKeys({ keys }: Level): string[] {
  return keys.includes('sandbox') ? [] : ['self_api = true'];
}

function serviceText(dir: string, name: string, keys: readonly string[], variable = ''): string {
  return `[service.${name}]
health = "/health"
idle_timeout = 0
stop_timeout = "1s"
drain_timeout = "1s"
${[...keys, ...defaultsFor(dir, keys)].join('\n')}
[service.${name}.env]
SECRET = "secret-of-{id}"
${variable}`;
}

function wideCommand(dir: string, { socketPath, namedFile }: Bystander): string {
  const words = [`${dir}/app/node`, `${dir}/app/tenant.mjs`, '--daemon', socketPath, '--conf', namedFile];
  return `command = ${JSON.stringify(words)}`;
}

function defaultsFor(dir: string, keys: readonly string[]): string[] {
  const defaults = [
    `command = ["${dir}/app/node", "${dir}/app/tenant.mjs"]`,
    'startup_timeout = "30s"',
    'workdir = "app"',
  ];
  return defaults.filter((line) => !keys.some((key) => key.split(' ')[0] === line.split(' ')[0]));
}

async function supportedCaps(level: Level): Promise<Cap[]> {
  const caps: Cap[] = [];
  for (const cap of Object.keys(CAPS) as Cap[]) {
    if ((await supported(level, CAP_KEYS[cap])) === null) caps.push(cap);
  }
  return caps;
}

function theFirst<T>(all: readonly T[], what: string): T {
  const [first] = all;
  if (first === undefined) throw new Error(`there is no ${what}`);
  return first;
}
