/** Clients that vanish without closing their connection, as when their network fails. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import { silentLogger } from '../../../src/logger.ts';
import { FIXTURES, temporaryDirectory } from '../support.ts';

/** The shortest time-outs that the system allows. */
const PROBES = { idleMs: 1000, intervalMs: 1000, count: 2 };

const cannot =
  process.env['CI'] !== 'true' && (process.getuid?.() !== 0 || spawnSync('ip', ['netns', 'list']).status !== 0);

/** A network with one machine beside this one. */
class Elsewhere {
  private static made = 0;
  readonly here: string;
  private readonly name: string;
  private readonly there: string;
  private readonly children: ChildProcess[] = [];

  constructor() {
    Elsewhere.made += 1;
    const number = (process.pid * 4 + Elsewhere.made) % 16_384;
    this.name = `tnm${process.pid}-${Elsewhere.made}`;
    const base = `10.231.${number >> 6}`;
    this.here = `${base}.${(number & 63) * 4 + 1}`;
    this.there = `${base}.${(number & 63) * 4 + 2}`;
    onTestFinished(() => this.remove());
    const [near, far] = [`tn${number}a`, `tn${number}b`];
    ip('netns', 'add', this.name);
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', this.name);
    ip('addr', 'add', `${this.here}/30`, 'dev', near);
    ip('link', 'set', near, 'up');
    ip('-n', this.name, 'addr', 'add', `${this.there}/30`, 'dev', far);
    ip('-n', this.name, 'link', 'set', far, 'up');
  }

  /** Runs a program on that machine; settles when it has printed a line. */
  async run(program: string, ...args: string[]): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', this.name, process.execPath, '-e', program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.children.push(child);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    return line;
  }

  /** Cuts the network: no packet from that machine arrives any more, and none reaches it. */
  vanish(): void {
    ip('-n', this.name, 'addr', 'flush', 'to', `${this.there}/30`);
  }

  private remove(): void {
    for (const child of this.children) child.kill('SIGKILL');
    spawnSync('ip', ['netns', 'del', this.name]);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A daemon in this process, reachable from that machine. */
async function daemonFor(elsewhere: Elsewhere, keys: string): Promise<Daemon> {
  const dir = temporaryDirectory();
  const configFile = join(dir, 'tenement.toml');
  const app = join(FIXTURES, 'tenant.mjs');
  writeFileSync(
    configFile,
    `[settings]\ndata_dir = "${dir}/data"\nruntime_dir = "${dir}/run"\n[proxy]\ndomain = "*"\n` +
      `[service.app]\ncommand = ["${process.execPath}", "${app}"]\n${keys}\n`,
  );
  const address = { host: elsewhere.here, port: 0 };
  const options = { configFile, logger: silentLogger(), version: 'test', proxy: address, api: address };
  const daemon = await startDaemon({ ...options, clientProbes: PROBES });
  onTestFinished(async () => {
    await daemon.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return daemon;
}

/** Sends a request, and prints a line when the response begins. */
const CLIENT = `
  const [host, port, name, ...lines] = process.argv.slice(1);
  const socket = require('node:net').connect(port, host, () => {
    socket.write(['GET ' + name + ' HTTP/1.1', ...lines, '', ''].join('\\r\\n'));
  });
  socket.once('data', (bytes) => console.log(String(bytes).split('\\r\\n')[0]));
`;

const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

describe.skipIf(cannot)('a client that vanishes (as root; apt-get install iproute2)', () => {
  it.each([
    ['a silent event stream', '/stream', ['Accept: text/event-stream'], '200'],
    ['an event stream that node:http reads', '/stream', ['TE: trailers'], '200'],
    ['a WebSocket', '/socket', WEBSOCKET, '101'],
  ])('holds its instance awake no longer than until probes tell (%s)', async (_name, path, lines, status) => {
    const elsewhere = new Elsewhere();
    const daemon = await daemonFor(elsewhere, 'idle_timeout = 1');
    const { hypervisor, proxy } = daemon;
    await hypervisor.spawn('app', 'acme');
    const answer = await elsewhere.run(CLIENT, elsewhere.here, String(proxy.port), path, 'Host: acme.x', ...lines);
    expect(answer).toContain(status);
    expect(hypervisor.getInstance('app:acme').openStreams).toBe(1);
    const slept = new Promise<void>((resolve) => {
      hypervisor.events.on('slept', () => resolve());
    });
    elsewhere.vanish();
    await slept;
    expect(hypervisor.getInstance('app:acme').state).toBe('asleep');
  });

  it('is dropped by the API', async () => {
    const elsewhere = new Elsewhere();
    const { api, hypervisor } = await daemonFor(elsewhere, '');
    const token = readFileSync(join(hypervisor.config.dataDir, '.tenement/admin.token'), 'utf8').trim();
    const lines = [`Host: ${elsewhere.here}:${api.port}`, `Authorization: Bearer ${token}`];
    const accepted = nextAccepted();
    const answer = await elsewhere.run(CLIENT, elsewhere.here, String(api.port), '/api/events?follow=true', ...lines);
    expect(answer).toContain('200');
    const socket = await accepted;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    elsewhere.vanish();
    await closed;
  });
});

/** Settles with the next connection that a server of this process accepts. */
function nextAccepted(): Promise<Socket> {
  return new Promise((resolve) => {
    const take = (message: unknown) => {
      unsubscribe('net.server.socket', take);
      resolve((message as { socket: Socket }).socket);
    };
    subscribe('net.server.socket', take);
  });
}
