/** Uses every feature of a server once, for one tenant. The outcomes do not matter here. */
import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { TestServer } from '../../test-server.ts';

/** A limit for each use: one that hangs because of a fault is abandoned. */
const PATIENCE_MS = 4000;

export async function useAll(server: TestServer, id: string): Promise<void> {
  const host = `${id}.localhost`;
  await together([
    () => plain(server, host),
    () => chunked(server, host),
    () =>
      raw(
        server,
        `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\nGET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
      ),
    () => raw(server, 'nonsense\r\n\r\n'),
    () => raw(server, 'CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n'),
    () => halfClosed(server, host),
    () => leaves(server, host),
    () => unread(server, host),
    () => webSocket(server, host),
    () => stream(server, host, '/stream'),
    () => server.api(`/api/events?follow=true`, { agent: shortLived() }),
    () => server.api(`/api/instances/app:${id}/logs?follow=true`, { agent: shortLived() }),
    () => server.get(host, '/print?text=hello'),
  ]);
  await together([() => server.api(`/api/instances/app:${id}/sleep`, { method: 'POST' })]);
  await together([() => ring(server, id), () => server.get(host), () => webSocket(server, host)]);
  await together([() => server.get(host, '/crash'), () => plain(server, host)]);
  await together([async () => utimesSync(server.configFile, new Date(), new Date()), () => plain(server, host)]);
}

async function together(uses: readonly (() => Promise<unknown>)[]): Promise<void> {
  const bounded = uses.map((use) => Promise.race([use().catch(() => {}), delay(PATIENCE_MS, null, { ref: false })]));
  await Promise.all(bounded);
}

/** Its connections end soon, whatever is still open on them. */
function shortLived(): Agent {
  const agent = new Agent();
  setTimeout(() => agent.destroy(), 800).unref();
  return agent;
}

async function plain(server: TestServer, host: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: PATIENCE_MS });
  for (let count = 0; count < 3; count += 1) {
    await server.get(host, '/', { agent });
    await server.get(host, '/echo', { agent, method: 'POST', body: 'x'.repeat(100_000) });
  }
  agent.destroy();
}

/** The upload comes in parts, with Expect, so that node:http reads it. */
async function chunked({ proxyPort: port }: TestServer, host: string): Promise<void> {
  const headers = { host, expect: '100-continue', 'transfer-encoding': 'chunked' };
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/echo', headers, agent: false });
  outgoing.on('error', () => {}).flushHeaders();
  outgoing.on('continue', () => {
    for (let part = 0; part < 20; part += 1) outgoing.write('y'.repeat(50_000));
    outgoing.end();
  });
  const [response] = await once(outgoing, 'response', { signal: AbortSignal.timeout(PATIENCE_MS) });
  response.resume();
  await once(response, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
}

async function raw({ proxyPort }: TestServer, bytes: string): Promise<void> {
  const socket = connect(proxyPort, '127.0.0.1').on('error', () => {});
  socket.resume().write(bytes);
  setTimeout(() => socket.destroy(), 500).unref();
  await once(socket, 'close');
}

async function halfClosed({ proxyPort }: TestServer, host: string): Promise<void> {
  const socket = connect({ port: proxyPort, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  socket.resume().end(`GET /slow?ms=100 HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  setTimeout(() => socket.destroy(), 500).unref();
  await once(socket, 'close');
}

async function leaves({ proxyPort }: TestServer, host: string): Promise<void> {
  const socket = connect(proxyPort, '127.0.0.1').on('error', () => {});
  socket.write(`POST /echo HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000\r\n\r\nhalf`);
  setTimeout(() => socket.resetAndDestroy(), 200).unref();
  await once(socket, 'close');
}

/** A client that reads its response late. */
async function unread({ proxyPort }: TestServer, host: string): Promise<void> {
  const socket = connect(proxyPort, '127.0.0.1').on('error', () => {});
  const bytes = 4_000_000;
  socket.pause().write(`POST /echo HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${bytes}\r\n\r\n`);
  socket.write(Buffer.alloc(bytes, 120));
  setTimeout(() => socket.resume(), 200).unref();
  setTimeout(() => socket.destroy(), 900).unref();
  await once(socket, 'close');
}

async function webSocket({ proxyPort }: TestServer, host: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${proxyPort}/`, { headers: { host }, handshakeTimeout: PATIENCE_MS });
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  socket.once('open', () => socket.send('hello')).once('message', () => socket.close());
  setTimeout(() => socket.terminate(), 1500).unref();
  await closed;
}

async function stream({ proxyPort: port }: TestServer, host: string, path: string): Promise<void> {
  const outgoing = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }).on('error', () => {});
  outgoing.end();
  setTimeout(() => outgoing.destroy(), 500).unref();
  await once(outgoing, 'close');
}

async function ring(server: TestServer, id: string): Promise<void> {
  const socket = connect(join(server.dir, 'tenement', `app-${id}.sock`)).on('error', () => {});
  socket.resume().write(`GET / HTTP/1.1\r\nhost: x\r\n\r\n`);
  setTimeout(() => socket.destroy(), 1500).unref();
  await once(socket, 'close');
}
