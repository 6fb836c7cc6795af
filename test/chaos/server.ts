/** The server under test, on fixed ports, killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { InstanceView } from '../../src/core/verbs/verbs.ts';
import { freePort } from '../ports.ts';
import { configText, type Edit, FIRST_EDIT } from './tenants.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

export class ServerUnderTest {
  readonly dir: string;
  edit: Edit = FIRST_EDIT;
  /** Increases when the server dies and when it is back: two different readings had a death between them. */
  epoch = 0;
  up = false;
  kills = 0;
  /** The time from the start of a successor after SIGKILL to its ready line, ms. */
  readonly restartMs: number[] = [];
  private ports = { proxy: 0, api: 0 };
  private child: ChildProcess | null = null;
  /** Whether the server was told to end. */
  private ending = false;
  /** Unexpected ends. */
  readonly ownEnds: string[] = [];

  constructor(dir: string) {
    this.dir = dir;
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  get configFile(): string {
    return join(this.dir, 'tenement.toml');
  }

  get proxyPort(): number {
    return this.ports.proxy;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  async open(): Promise<void> {
    this.ports = { proxy: await freePort(), api: await freePort() };
    this.writeConfig(this.edit);
    await this.start();
  }

  writeConfig(edit: Edit): void {
    this.edit = edit;
    this.writeText(configText(this.ports, edit));
  }

  writeText(text: string): void {
    writeFileSync(this.configFile, text);
  }

  async start(): Promise<void> {
    const startedAtMs = performance.now();
    const args = [MAIN, 'serve', '-c', this.configFile];
    // Tenants run the same Node as this process.
    const path = `${dirname(process.execPath)}:${process.env['PATH']}`;
    const env = { ...process.env, PATH: path, XDG_RUNTIME_DIR: this.dir };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    child.stderr.on('data', (chunk) => appendFileSync(join(this.dir, 'server.log'), chunk));
    this.ending = false;
    child.once('exit', (code, signal) => {
      if (!this.ending) this.ownEnds.push(`${new Date().toISOString()} the server ended by itself: ${signal ?? code}`);
    });
    const died = once(child, 'exit').then(() => Promise.reject(new Error(`the server ended; see ${this.dir}`)));
    died.catch(() => {});
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), died]);
    if (this.kills > 0) this.restartMs.push(performance.now() - startedAtMs);
    this.epoch += 1;
    this.up = true;
  }

  async kill(): Promise<void> {
    this.kills += 1;
    this.epoch += 1;
    this.up = false;
    await this.end('SIGKILL');
  }

  /** Returns the server's exit status. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    this.ending = true;
    child.kill(signal);
    const [status] = await exited;
    this.up = false;
    return status;
  }

  /** Calls the API, repeatedly while the server does not run. */
  async api(method: string, path: string): Promise<ApiAnswer> {
    for (;;) {
      const answer = await this.call(method, path).catch(() => null);
      if (answer !== null && answer.status !== 401) return answer;
      await delay(20);
    }
  }

  async instances(): Promise<InstanceView[]> {
    return JSON.parse((await this.api('GET', '/api/instances')).body).instances;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  /** Returns the memory of the server, without its tenants. */
  residentMb(): number {
    const [, pages = '0'] = readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ');
    return Math.round((Number(pages) * 4096) / 1024 / 1024);
  }

  private async call(method: string, path: string): Promise<ApiAnswer> {
    const token = readFileSync(join(this.dataDir, '.tenement/admin.token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}` };
    const outgoing = request({ host: '127.0.0.1', port: this.ports.api, method, path, headers, agent: false }).end();
    const [response] = await once(outgoing, 'response');
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { status: response.statusCode, body };
  }
}
