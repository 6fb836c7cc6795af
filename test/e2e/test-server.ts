/** A real server as a child process in a directory of its own, and the means to use it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { InstanceView } from '../../src/core/verbs/verbs.ts';
import { memoryPlaceOf } from '../../src/process/secrets/memory-place.ts';
import { type CommandResult, tenement, Watch } from './command.ts';
import { Follower, MAIN } from './follower.ts';
import { endLeftovers, processesIn, removeCgroups, thawAll } from './leftovers.ts';

/** A server that does not end in time is killed, so that a failed test leaves nothing behind. */
const STOP_GUARD_MS = 20_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Default: a connection of its own. */
  readonly agent?: Agent;
}

export class TestServer {
  readonly dir: string;
  readonly configFile: string;
  /** Overrides variables of the tests, from the next start on. */
  env: NodeJS.ProcessEnv = {};
  /** Shell commands that run before the server, from the next start on. */
  prelude = '';
  /** Listening sockets that the server gets as systemd passes them, from the next start on. */
  sockets: readonly { readonly name: string; readonly fd: number; readonly port: number }[] = [];
  proxyPort = 0;
  apiPort = 0;
  /** 0: the config has no `[tls]`. */
  tlsPort = 0;
  readyLine = '';
  private readonly followers: Follower[] = [];
  /** Commands that wait for an event that has not come. */
  private readonly watching = new Set<Watch>();
  private readonly args: readonly string[];
  private child: ChildProcess | null = null;
  private exited: Promise<number | null> = Promise.resolve(null);
  /** Output on stderr. */
  private log = '';

  constructor(dir: string, configFile: string, args: readonly string[]) {
    this.dir = dir;
    this.configFile = configFile;
    this.args = args;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Output on stderr since the last start. */
  get stderr(): string {
    return this.log;
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  async start(): Promise<void> {
    const addresses = ['--proxy', '127.0.0.1:0', '--api', '127.0.0.1:0', '--data-dir', this.dataDir];
    const words = [process.execPath, MAIN, 'serve', '-c', this.configFile, ...addresses, ...this.args];
    const child = spawn('/bin/sh', ['-c', `${this.prelude}\n${this.activation}exec "$@"`, 'sh', ...words], {
      env: { ...process.env, XDG_RUNTIME_DIR: this.dir, TENEMENT_TEST_SECRET: 'never to be seen', ...this.env },
      stdio: ['ignore', 'pipe', 'pipe', ...this.sockets.map(({ fd }) => fd)],
    });
    this.child = child;
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    this.log = '';
    child.stderr?.on('data', (chunk) => {
      this.log += chunk;
    });
    const died = this.exited.then(() => Promise.reject(new Error(`the server ended: ${this.log}`)));
    died.catch(() => {});
    this.readyLine = await Promise.race([firstLine(child), died]);
    const ports = [...this.readyLine.matchAll(/http:\/\/127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]));
    this.proxyPort = ports[0] ?? 0;
    this.apiPort = ports[1] ?? 0;
    this.tlsPort = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(this.readyLine)?.[1] ?? 0);
  }

  private get activation(): string {
    const { sockets } = this;
    if (sockets.length === 0) return '';
    const names = sockets.map(({ name }) => name).join(':');
    return `export LISTEN_PID=$$ LISTEN_FDS=${sockets.length} LISTEN_FDNAMES=${names}\n`;
  }

  /** Sends the signal and waits for the end. After SIGKILL, tenants run on until the next start. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const { child } = this;
    if (child === null || !this.isRunning) return this.exited;
    child.kill(signal);
    const guard = setTimeout(() => child.kill('SIGKILL'), STOP_GUARD_MS);
    const status = await this.exited;
    clearTimeout(guard);
    return status;
  }

  /**
   * Ends everything: the server, what it started, and its directory.
   * @throws {Error} when the server left processes behind, which are ended all the same, or failed while it ended
   */
  async dispose(): Promise<void> {
    for (const follower of this.followers) follower.end();
    for (const watch of this.watching) watch.end();
    const wasRunning = this.isRunning;
    const status = await this.stop();
    const stateDir = join(this.dataDir, '.tenement');
    thawAll(stateDir);
    const left = endLeftovers(this.dataDir);
    removeCgroups(stateDir);
    // A server that was killed has left its secrets in memory.
    const place = memoryPlaceOf({ runtimeDir: join(this.dir, 'tenement'), stateDir });
    for (const dir of [place.dir, this.dir]) rmSync(dir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the server left processes behind: ${left.join('; ')}\n${this.ending}`);
    if (wasRunning && status !== 0) throw new Error(`the server did not end in order\n${this.ending}`);
  }

  private get isRunning(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  /** How the server ended, and its last output. */
  private get ending(): string {
    const { exitCode, signalCode } = this.child ?? {};
    return `its exit: ${exitCode ?? signalCode}; its log:\n${this.log.split('\n').slice(-40).join('\n')}`;
  }

  get token(): string {
    return readFileSync(join(this.dataDir, '.tenement/admin.token'), 'utf8').trim();
  }

  /** Sends a request to the proxy. */
  get(host: string, path = '/', options: RequestOptions = {}): Promise<Answer> {
    return send(this.proxyPort, path, { ...options, headers: { host, ...options.headers } });
  }

  api(path: string, options: RequestOptions = {}): Promise<Answer> {
    return send(this.apiPort, path, {
      ...options,
      headers: { authorization: `Bearer ${this.token}`, ...options.headers },
    });
  }

  async instance(name: string): Promise<InstanceView> {
    return JSON.parse((await this.api(`/api/instances/${name}`)).body);
  }

  cli(...args: string[]): Promise<CommandResult> {
    return tenement([...args, '-c', this.configFile], { XDG_RUNTIME_DIR: this.dir });
  }

  /** Starts a command that keeps running; it is ended at the latest with the server's directory. */
  follow(...args: string[]): Follower {
    const follower = new Follower([...args, '-c', this.configFile], { XDG_RUNTIME_DIR: this.dir });
    this.followers.push(follower);
    return follower;
  }

  /** Returns the size of an instance's log on disk. */
  logSize(service: string, tenantId: string): { bytes: number } {
    const path = join(this.dataDir, `.tenement/logs/${service}/${tenantId}.log`);
    const sizes = [path, `${path}.1`].map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0);
    return { bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** Runs a command with another config file of the same directory. */
  cliFor(configFile: string, ...args: string[]): Promise<CommandResult> {
    return tenement([...args, '-c', configFile], { XDG_RUNTIME_DIR: this.dir });
  }

  /** Lists the processes of a tenant. */
  processesOf(tenantId: string): number[] {
    return processesIn(join(this.dataDir, tenantId));
  }

  /** Runs a command as from another machine: over HTTP, with the token. Needed when `dataDir` is not the config's. */
  cliOverHttp(...args: string[]): Promise<CommandResult> {
    return tenement([...args, '--api', `http://127.0.0.1:${this.apiPort}`, '--token', this.token]);
  }

  /**
   * Settles at the first event of this type for this instance, past ones included. @param instance null: the server
   * @returns when it happened, ms since the epoch
   * @throws {Error} when the command that waits for it ends before
   */
  async event(instance: string | null, type: string, times = 1): Promise<number> {
    let left = times;
    let atMs = Number.NaN;
    const watch = new Watch(['events', '-f', '--json', '-c', this.configFile], { XDG_RUNTIME_DIR: this.dir });
    this.watching.add(watch);
    for await (const line of watch.lines()) {
      const event = JSON.parse(line);
      if (event.instance === instance && event.type === type) left -= 1;
      atMs = Date.parse(event.at);
      if (left === 0) break;
    }
    watch.end();
    this.watching.delete(watch);
    if (left > 0) throw new Error(`the events ended before ${type} of ${instance ?? 'the server'}`);
    return atMs;
  }
}

/** One request to 127.0.0.1. */
export function send(port: number, path: string, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body, agent = false } = options;
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
  });
}
