/**
 * What bodies cost: the server's memory while 2 GB go up to a slow tenant and down to a slow client, and its
 * descriptors after 10,000 connections that vanished in the middle of an answer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { get } from './bare.ts';
import { BenchServer } from './server.ts';

const GB = 1024 ** 3;
const CHUNK = Buffer.alloc(256 * 1024, 'x');
const SIP_BYTES = 8 * 1024 * 1024;
const REST_MS = 40;
const SAMPLE_MS = 250;
const VANISHING = 10_000;
const AT_ONCE = 50;
const APP = fileURLToPath(new URL('./body-app.ts', import.meta.url));

export async function bench(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  const config = join(dir, 'tenement.toml');
  writeFileSync(config, `[service.app]\ncommand = ["node", "${APP}"]\n`);
  const server = await BenchServer.start(config);
  await server.api('POST', '/spawn/app/--id=t0');
  await get({ host: '127.0.0.1', port: server.proxyPort }, 't0.localhost');
  await curve('2 GB up to a slow tenant', server, () => upload(server.proxyPort, 2 * GB));
  await curve('2 GB down to a slow client', server, () => download(server.proxyPort, 2 * GB));
  await vanish(server);
  await server.end();
  rmSync(dir, { recursive: true, force: true });
}

async function curve(what: string, server: BenchServer, work: () => Promise<number>): Promise<void> {
  const before = server.residentMb();
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(server.residentMb()), SAMPLE_MS);
  const startedAt = performance.now();
  const bytes = await work();
  clearInterval(timer);
  const seconds = (performance.now() - startedAt) / 1000;
  const shown = samples.filter((_, index) => index % Math.ceil(samples.length / 12) === 0).map((mb) => mb.toFixed(0));
  console.log(`${what}: ${(bytes / GB).toFixed(2)} GB in ${seconds.toFixed(1)} s`);
  console.log(
    `  resident MB: ${before.toFixed(0)} before, then ${shown.join(' ')}, at most ${Math.max(...samples).toFixed(0)}`,
  );
}

function upload(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { host: 't0.localhost', 'content-length': bytes };
    const outgoing = request({ host: '127.0.0.1', port, path: '/slow', method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(Number(text)));
    });
    outgoing.on('error', reject);
    let left = bytes;
    const send = () => {
      while (left > 0) {
        left -= CHUNK.length;
        if (!outgoing.write(CHUNK)) return void outgoing.once('drain', send);
      }
      outgoing.end();
    };
    send();
  });
}

function download(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = `/big?bytes=${bytes}`;
    request({ host: '127.0.0.1', port, path, headers: { host: 't0.localhost' } }, (response) => {
      let total = 0;
      let sip = 0;
      response.on('data', (chunk: Buffer) => {
        total += chunk.length;
        sip += chunk.length;
        if (sip < SIP_BYTES) return;
        sip = 0;
        response.pause();
        setTimeout(() => response.resume(), REST_MS);
      });
      response.on('end', () => resolve(total));
    })
      .on('error', reject)
      .end();
  });
}

async function vanish(server: BenchServer): Promise<void> {
  const before = server.descriptors();
  let left = VANISHING;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      await vanishOnce(server.proxyPort, left % 2 === 0);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  // The proxy keeps idle connections to the tenant for 1.5 s.
  await delay(3000);
  const view = JSON.parse(await server.api('GET', '/api/instances/app:t0'));
  console.log(`${VANISHING} connections that vanished in the middle of an answer, every second one by a reset`);
  console.log(`  descriptors of the server: ${before} before, ${server.descriptors()} after`);
  console.log(
    `  in flight after: ${view.inFlight}, open connections: ${view.openConnections}, requests: ${view.requests}`,
  );
}

function vanishOnce(port: number, reset: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = `/big?bytes=${GB}`;
    const outgoing = request({ host: '127.0.0.1', port, path, agent: false, headers: { host: 't0.localhost' } });
    outgoing.on('response', (response) => {
      response.once('data', () => {
        response.on('error', () => {});
        outgoing.socket?.once('close', () => resolve());
        if (reset) outgoing.socket?.resetAndDestroy();
        else outgoing.destroy();
      });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error));
    outgoing.end();
  });
}
