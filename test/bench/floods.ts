/**
 * What another client notices of one that floods HTTP/2, beside nginx. It asks on a kept TLS connection, one request
 * after the other. The proxy has a core of its own; the flood shares the other
 * with the application and the asking client, which go before it.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { secureConnection } from '../proxy/secure.ts';
import { quantile } from './figures.ts';
import { startPinned } from './proxies.ts';
import { appConf, FIRST_PORT, LOAD_CORE } from './proxy.ts';
import { makeCertificate, PEERS, PROXY_CORE } from './tls.ts';

const FLOODS = ['rapid reset', 'PING', 'SETTINGS', 'CONTINUATION', 'HPACK bomb'];
const SECONDS = 4;
/** Between an answer and the next request. */
const INTERVAL_MS = 5;
const CLIENT = fileURLToPath(new URL('./flood-client.ts', import.meta.url));
const REQUEST = 'GET / HTTP/1.1\r\nHost: t0.localhost\r\n\r\n';
const ANSWER_END = 'eighteen bytes ok\n';

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-floods-'));
  let app: ChildProcess | null = null;
  try {
    makeCertificate(dir);
    app = await startPinned(LOAD_CORE, ['nginx', '-c', appConf(dir)], FIRST_PORT);
    console.log('p50 and p99 of another client in ms, and what the flooding client had: connections, MB sent');
    for (const flood of ['none', ...FLOODS]) {
      for (const [index, peer] of PEERS.entries()) {
        if (peer.name === 'Caddy') continue;
        const port = FIRST_PORT + 1 + index;
        const proxy = await startPinned(PROXY_CORE, peer.command(port, dir), port);
        const line = await measured(port, flood).finally(() => proxy.kill('SIGKILL'));
        await once(proxy, 'exit');
        console.log(`${flood.padEnd(14)}${peer.name.padEnd(10)}${line}`);
      }
    }
  } finally {
    app?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measured(port: number, flood: string): Promise<string> {
  const socket = await secureConnection(port, { servername: 't0.localhost', ALPNProtocols: ['http/1.1'] });
  // What is compiled or loaded with the first requests is not measured.
  await asked(socket, 1);
  const flooding = flood === 'none' ? null : flooded(port, flood);
  await delay(500);
  const tookMs = await asked(socket, SECONDS - 1);
  socket.destroy();
  const [connections, bytes] = (await flooding) ?? [0, 0];
  const times = [0.5, 0.99].map((share) => quantile(tookMs, share).toFixed(1).padStart(7)).join('');
  return `${times}   ${connections} ${(bytes / 1e6).toFixed(0)}`;
}

async function flooded(port: number, flood: string): Promise<[connections: number, bytes: number]> {
  const words = ['-c', String(LOAD_CORE), 'nice', '-n', '5', process.execPath, CLIENT, String(port), flood];
  const { stdout } = await promisify(execFile)('taskset', [...words, String(SECONDS)]);
  const [connections = 0, bytes = 0] = stdout.trim().split(' ').map(Number);
  return [connections, bytes];
}

/** Settles with how long each answer took, in ms. */
async function asked(socket: TLSSocket, seconds: number): Promise<number[]> {
  const tookMs: number[] = [];
  const endsAtMs = performance.now() + seconds * 1000;
  while (performance.now() < endsAtMs) {
    const startedAtMs = performance.now();
    socket.write(REQUEST);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (!answer.includes(ANSWER_END)) throw new Error(`not an answer in one piece: ${answer}`);
    tookMs.push(performance.now() - startedAtMs);
    await delay(INTERVAL_MS);
  }
  return tookMs;
}
