/** FerretDB, a server of MongoDB's protocol, for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { Daemon, listens } from './daemon.ts';
import { Mongosh } from './mongosh.ts';
import { PATH } from './programs.ts';

export class FerretDb {
  private readonly dir: string;
  private readonly port: number;
  private readonly daemon: Daemon;

  private constructor(dir: string, port: number, daemon: Daemon) {
    this.dir = dir;
    this.port = port;
    this.daemon = daemon;
  }

  /** One with users of its own, which authenticate by SCRAM, and an administrator. */
  static async start(): Promise<FerretDb> {
    const dir = mkdtempSync(join(tmpdir(), 'ferretdb-'));
    const port = await freePort();
    const storage = ['--handler=sqlite', `--sqlite-url=file:${dir}/`];
    const admin = ['--setup-database=admin', '--setup-username=admin', '--setup-password=of-the-admin'];
    const users = ['--test-enable-new-auth', ...admin];
    const quiet = ['--debug-addr=', '--telemetry=disable', `--state-dir=${dir}`];
    const words = ['ferretdb', `--listen-addr=127.0.0.1:${port}`, ...storage, ...users, ...quiet] as const;
    const daemon = await Daemon.start(words, { cwd: dir, env: { PATH }, isReady: () => listens(port) });
    return new FerretDb(dir, port, daemon);
  }

  get adminUrl(): string {
    return `mongodb://admin:of-the-admin@127.0.0.1:${this.port}/`;
  }

  /** Runs a script as the user of a URL; returns all that it says. */
  as(url: string, script: string): string {
    return new Mongosh(this.dir).tried(url, script);
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
