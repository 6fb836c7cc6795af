/**
 * TLS in the proxy beside nginx and Caddy, each on one pinned core, one after the other, round by round: full handshakes with
 * a key of RSA-2048, resumed ones, and requests over HTTP/1.1 and HTTP/2. The application (nginx on a Unix socket) and the
 * load (openssl s_time, h2load) have the other core. The median of the rounds is shown.
 */
import { type ChildProcess, execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quantile, timed } from './figures.ts';
import { caddyfile, nginxConf, type Peer, startPinned, written } from './proxies.ts';
import { appConf, FIRST_PORT, LOAD_CORE } from './proxy.ts';

export const PROXY_CORE = 0;
const ROUNDS = 3;
const SECONDS = 3;
/** Several clients, because one waits for its answers most of the time. */
const HANDSHAKING = 4;
const CONNECTIONS = 32;
const STREAMS = 10;
const HOST = 't0.localhost';
const SERVER = fileURLToPath(new URL('./proxy-server.ts', import.meta.url));

export const PEERS: readonly Peer[] = [
  {
    name: 'nginx',
    command: (port, dir) => {
      const directives = `ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem;
ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:s:10m;`;
      return [
        'nginx',
        '-c',
        written(`${dir}/tls-${port}.conf`, nginxConf(port, dir, { listen: 'ssl http2', directives })),
      ];
    },
  },
  {
    name: 'Caddy',
    command: (port, dir) => {
      const secure = {
        site: `https://${HOST}:${port}`,
        options: `default_sni ${HOST}`,
        directives: `tls ${dir}/cert.pem ${dir}/key.pem`,
      };
      const file = written(`${dir}/Caddyfile-${port}`, caddyfile(port, dir, secure));
      return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
    },
  },
  { name: 'tenement', command: (port, dir) => [process.execPath, SERVER, String(port), '1', dir, 'tls'] },
];

/** Returns how many a second. */
type Measure = (port: number) => Promise<number>;

const MEASURES: Readonly<Record<string, Measure>> = {
  'full handshakes': (port) => handshakes(port, '-new'),
  'resumed handshakes': (port) => handshakes(port, '-reuse'),
  'HTTP/1.1 requests': async (port) => requests(port, '--h1'),
  'HTTP/2 requests': async (port) => requests(port, '-m', String(STREAMS)),
};

export async function bench(): Promise<void> {
  if (spawnSync('h2load', ['--version']).error)
    throw new Error('apt-get install nghttp2-client nginx-light caddy first');
  const dir = mkdtempSync(join(tmpdir(), 'tnm-tls-'));
  let app: ChildProcess | null = null;
  try {
    makeCertificate(dir);
    app = await startPinned(LOAD_CORE, ['nginx', '-c', appConf(dir)], FIRST_PORT);
    for (const [name, measure] of Object.entries(MEASURES)) await compare(name, measure, dir);
  } finally {
    app?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Of the kind that most certificates have. */
export function makeCertificate(dir: string): void {
  const files = ['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')];
  const about = ['-days', '2', '-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...about], { stdio: 'ignore' });
}

async function compare(name: string, measure: Measure, dir: string): Promise<void> {
  const rates = new Map<string, number[]>(PEERS.map((peer) => [peer.name, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [index, peer] of PEERS.entries())
      rates.get(peer.name)?.push(await measured(peer, measure, dir, FIRST_PORT + 1 + index));
  const median = (peer: string) => quantile(rates.get(peer) ?? [], 0.5);
  console.log(`\n${name} a second, median of ${ROUNDS}`);
  for (const { name: peer } of PEERS) {
    const [ofNginx, ofCaddy] = ['nginx', 'Caddy'].map((other) => (median(peer) / median(other)).toFixed(2));
    console.log(
      `${peer.padEnd(10)} ${median(peer).toFixed(0).padStart(6)}   ${ofNginx} of nginx   ${ofCaddy} of Caddy`,
    );
  }
}

async function measured(peer: Peer, measure: Measure, dir: string, port: number): Promise<number> {
  const child = await startPinned(PROXY_CORE, peer.command(port, dir), port);
  try {
    // What is compiled or loaded with the first requests is not measured.
    await requests(port, '--h1');
    return await measure(port);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** @param how of s_time(1): -new, -reuse */
async function handshakes(port: number, how: string): Promise<number> {
  const words = ['-c', String(LOAD_CORE), 'openssl', 's_time', '-connect', `127.0.0.1:${port}`];
  const counts: number[] = [];
  const tookMs = await timed(async () => {
    const clients = Array.from({ length: HANDSHAKING }, () =>
      promisify(execFile)('taskset', [...words, how, '-time', String(SECONDS)]),
    );
    for (const { stdout } of await Promise.all(clients)) counts.push(Number(/(\d+) connections in/.exec(stdout)?.[1]));
  });
  return (counts.reduce((sum, count) => sum + count, 0) * 1000) / tookMs;
}

/** @param how of h2load(1) */
async function requests(port: number, ...how: readonly string[]): Promise<number> {
  const words = ['-c', String(LOAD_CORE), 'h2load', '-t1', `-c${CONNECTIONS}`, '-D', String(SECONDS), ...how];
  const to = [`--connect-to=127.0.0.1:${port}`, `https://${HOST}:${port}/`];
  const { stdout } = await promisify(execFile)('taskset', [...words, ...to]);
  const answered = Number(/(\d+) 2xx/.exec(stdout)?.[1] ?? 0);
  return answered / SECONDS;
}
