/** A machine whose first program is systemd, with tenement installed by its command. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const EXAMPLES = join(CHECKOUT, 'examples/systemd');
const UNITS = '/etc/systemd/system';
export const CONFIG = '/etc/tenement/tenement.toml';
export const TENANTS = '/sys/fs/cgroup/tenement.slice/tenement-tenants.service';
const HOME = '/opt/tenement';
const TENANT = join(HOME, 'test/fixtures/apps/tenant.mjs');

/** What the test needs beyond the example. */
const SERVICE = `
[proxy]
listen = "127.0.0.1:8080"
default_service = "app"

[service.app]
command = ["/usr/local/bin/node", "${TENANT}"]
memory_limit_mb = 200
pids_limit = 60
startup_timeout = 300
health_timeout = 60
request_timeout = 300
`;

/** The same application at another level of isolation. */
export const WALLED = `${SERVICE.slice(SERVICE.indexOf('[service')).replace('service.app', 'service.walled')}isolation = "namespace"\n`;

/** The shipped config with a service for the test, and units by the command itself. Returns what the command printed. */
export async function install(...options: string[]): Promise<string> {
  // The checkout may be in a directory that only root may enter.
  for (const dir of [HOME, '/etc/tenement']) mkdirSync(dir, { recursive: true });
  execFileSync('mount', ['--bind', CHECKOUT, HOME]);
  for (const name of ['node', 'tenement']) rmSync(join('/usr/local/bin', name), { force: true });
  copyFileSync(process.execPath, '/usr/local/bin/node');
  symlinkSync(join(HOME, 'bin/tenement.js'), '/usr/local/bin/tenement');
  // The machine is emulated: a server that is ready in half a second elsewhere needs a minute here.
  const patience = '[Service]\nTimeoutStartSec=900\nTimeoutStopSec=900\nWatchdogSec=20\n';
  for (const unit of ['tenement.service', 'broken.service']) writeDropIn(unit, patience, 'slow.conf');
  writeFileSync(CONFIG, `${readFileSync(join(EXAMPLES, 'tenement.toml'), 'utf8')}${SERVICE}`);
  return tenement('install', '-c', CONFIG, ...options);
}

export function writeUnit(name: string, text: string): void {
  writeFileSync(join(UNITS, name), text);
}

/** Settings beside those of the unit. */
export function writeDropIn(unit: string, text: string, name = 'more.conf'): void {
  mkdirSync(join(UNITS, `${unit}.d`), { recursive: true });
  writeFileSync(join(UNITS, `${unit}.d`, name), text);
}

export async function systemctl(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('systemctl', words, { encoding: 'utf8' });
  return stdout.trim();
}

/** Runs the command as a person does in a shell. Rejects when it fails. */
export async function tenement(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('/usr/local/bin/tenement', words, { encoding: 'utf8' });
  return stdout;
}

export async function journalOf(unit: string): Promise<string> {
  const { stdout } = await promisify(execFile)('journalctl', ['--unit', unit, '--output=cat', '--no-pager']);
  return stdout;
}

export async function mainPid(unit = 'tenement.service'): Promise<number> {
  return Number(await systemctl('show', '--property=MainPID', '--value', unit));
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request to a Unix socket over a connection of its own. Rejects when the connection is refused or breaks. */
export function ask(socketPath: string, path: string, method = 'GET', body?: unknown): Promise<Answer> {
  const headers = { host: 'localhost', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  return send({ socketPath, path, method, agent: false, headers }, body);
}

/** Sends a request to the proxy. @param agent null: over a connection of its own */
export function askProxy(id: string, agent: Agent | null, port = 8080): Promise<Answer> {
  return send({ host: '127.0.0.1', port, agent: agent ?? false, headers: { host: `${id}.localhost` } });
}

function send(options: RequestOptions, body?: unknown): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(options, async (response) => {
    let text = '';
    for await (const chunk of response) text += chunk;
    resolve({ status: response.statusCode ?? 0, body: text });
  });
  asked.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** Calls the API on the control socket. */
export async function api(path: string, method?: string, body?: unknown) {
  const answer = await ask('/var/lib/tenement/.tenement/control.sock', `/api/${path}`, method, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  return answer.body === '' ? null : JSON.parse(answer.body);
}

export const publicSocket = (id: string, service = 'app') => `/run/tenement/${service}-${id}.sock`;

/** Returns the cgroup of an instance. */
export function cgroupOf(instance: string): string {
  const [base = ''] = readdirSync(TENANTS).filter((name) => /^tenement-[0-9a-f]{8}$/.test(name));
  return join(TENANTS, base, instance.replace(':', '.'));
}

export const control = (dir: string, file: string) => readFileSync(join(dir, file), 'latin1').trim();

export interface Load {
  readonly answers: number;
  readonly failures: readonly string[];
}

interface Client {
  readonly id: string;
  readonly how: string;
  askOnce(): Promise<Answer>;
}

/** Clients of the public socket and of the proxy: with a connection for each request, and with one for all. */
export function clientsOf(id: string): Client[] {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return [
    { id, how: 'at its socket', askOnce: () => ask(publicSocket(id), '/') },
    { id, how: 'at the proxy', askOnce: () => askProxy(id, null) },
    { id, how: 'on a kept connection', askOnce: () => askProxy(id, agent) },
  ];
}

/** Without the pause the load would take the machine's processors from the starting server. */
const PAUSE_MS = 10;

/** Clients, each of which sends one request after the other until told to stop. */
export function startLoad(clients: readonly Client[]): () => Promise<Load> {
  const failures: string[] = [];
  let answers = 0;
  let over = false;
  const one = async ({ id, how, askOnce }: Client) => {
    while (!over) {
      const { status, body } = await askOnce().catch((error: Error) => ({
        status: 0,
        body: String(error),
      }));
      if (status === 200 && JSON.parse(body).tenant === id) answers += 1;
      else failures.push(`${id} ${how}: ${status} ${body}`);
      await setTimeout(PAUSE_MS);
    }
  };
  const all = clients.map(one);
  return async () => {
    over = true;
    await Promise.all(all);
    return { answers, failures };
  };
}
