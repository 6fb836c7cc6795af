/** Malicious clients of the hostile tenants, which attack the server and through it the other tenants. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { LoadOptions } from './load.ts';
import { Random } from './random.ts';
import type { Tenant } from './tenants.ts';

const PIPELINED = 2000;
const SILENT = 50;
const PAUSE_MS = 500;
const HOLD_MS = 1500;

const ATTACKS = ['pipeline', 'silence', 'hints', 'declined', 'endless', 'exit', 'halfHead'] as const;
type Attack = (typeof ATTACKS)[number];

/** Begins; the returned function ends it. */
export function startAttacks(options: LoadOptions): () => Promise<void> {
  const ended = new AbortController();
  const attackers = options.tenants
    .filter(({ kind }) => kind === 'hostile')
    .map((tenant, index) => attackUntil(tenant, new Random(options.seed * 7 + index), options, ended.signal));
  return async () => {
    ended.abort();
    await Promise.all(attackers);
  };
}

async function attackUntil(tenant: Tenant, random: Random, { server }: LoadOptions, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await delay(random.between(0, 2 * PAUSE_MS), undefined, { signal: ended }).catch(() => {});
    if (!ended.aborted) await attack(random.pick(ATTACKS), tenant, server.proxyPort, ended);
  }
}

/** The server may be gone at any time, and then there is nothing to attack. */
async function attack(what: Attack, tenant: Tenant, port: number, ended: AbortSignal): Promise<void> {
  const count = what === 'silence' ? SILENT : 1;
  const sockets = await Promise.all(Array.from({ length: count }, () => open(port)));
  for (const socket of sockets) socket.write(bytesOf(what, tenant));
  // None of these clients reads.
  await delay(HOLD_MS, undefined, { signal: ended }).catch(() => {});
  for (const socket of sockets) socket.destroy();
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {});
  return socket.pause();
}

function bytesOf(what: Attack, { host }: Tenant): string {
  switch (what) {
    case 'pipeline':
      return get('/hang', host).repeat(PIPELINED);
    case 'silence':
      return '';
    case 'halfHead':
      return `GET / HTTP/1.1\r\nHost: ${host}\r\n`;
    case 'declined':
      return get('/declined', host, 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n');
    default:
      return get(`/${what}`, host);
  }
}

function get(path: string, host: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
}
