/** A real server in a process of its own, and its figures from /proc. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The built program, which is what people run. */
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface StartOptions {
  readonly main?: string;
  readonly nodeArgs?: readonly string[];
}

export class BenchServer {
  /** The time from spawn to the ready line. */
  readonly readyMs: number;
  readonly proxyPort: number;
  readonly apiPort: number;
  private readonly dir: string;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, dir: string, readyMs: number, ready: string) {
    const ports = [...ready.matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]));
    this.child = child;
    this.dir = dir;
    this.readyMs = readyMs;
    this.proxyPort = ports[0] ?? 0;
    this.apiPort = ports[1] ?? 0;
  }

  /** `main`: another build's program, for a comparison; `nodeArgs`: options of Node. */
  static async start(config: string, { main = MAIN, nodeArgs = [] }: StartOptions = {}): Promise<BenchServer> {
    const dir = dirname(config);
    const startedAt = performance.now();
    const args = [...nodeArgs, main, 'serve', '-c', config, '--proxy', '127.0.0.1:0', '--api', '127.0.0.1:0'];
    const env = { ...process.env, XDG_RUNTIME_DIR: dir };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    return new BenchServer(child, dir, performance.now() - startedAt, line);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async api(method: string, path: string, body?: object): Promise<string> {
    const token = readFileSync(join(this.dir, 'data/.tenement/admin.token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
    const asked = request({ host: '127.0.0.1', port: this.apiPort, method, path, headers, agent: false }).end(
      body && JSON.stringify(body),
    );
    const [response] = await once(asked, 'response');
    return text(response);
  }

  residentMb(): number {
    const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'latin1')) ?? [];
    return Number(kb) / 1024;
  }

  descriptors(): number {
    return readdirSync(`/proc/${this.child.pid}/fd`).length;
  }

  /** User and system time together, in ms; a tick is 10 ms. */
  cpuMs(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}
