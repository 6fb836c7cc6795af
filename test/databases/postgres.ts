/** A PostgreSQL server for one test, with a database for each tenant. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Need } from '../apps/needs.ts';

/** Where Debian installs the programs of each version. */
const VERSIONS = '/usr/lib/postgresql';

export const POSTGRES: Need = { test: `ls ${VERSIONS}/*/bin/initdb`, remedy: 'apt-get install postgresql' };

const PASSWORD = 'of the superuser';

interface Options {
  /** It listens there on 127.0.0.1 too. Default: on its Unix socket only. */
  readonly port?: number;
  /** How it authenticates on the Unix socket. Default: by password. */
  readonly local?: 'peer' | 'trust';
  /** Further settings, such as `log_statement=all`. */
  readonly settings?: readonly string[];
}

export class Postgres {
  /** The directory of the server's socket, which every user may enter. */
  readonly socketDir: string;
  private readonly dir: string;
  private readonly bin: string;
  /** The server's user: PostgreSQL refuses root. */
  private readonly user: { uid?: number; gid?: number };
  private readonly options: Options;

  constructor(options: Options = {}) {
    this.options = options;
    const newest = readdirSync(VERSIONS).filter((version) => existsSync(join(VERSIONS, version, 'bin/initdb')));
    this.bin = join(VERSIONS, newest.sort((a, b) => Number(b) - Number(a))[0] ?? '', 'bin');
    this.dir = mkdtempSync(join(tmpdir(), 'pg-'));
    this.socketDir = join(this.dir, 'socket');
    this.user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
    for (const dir of [this.dir, this.socketDir]) this.makeOpen(dir);
  }

  start(): void {
    const passwordFile = join(this.dir, 'password');
    writeFileSync(passwordFile, PASSWORD, { mode: 0o644 });
    const { port, local = 'scram-sha-256', settings = [] } = this.options;
    const auth = [`--auth-local=${local}`, `--auth-host=${port === undefined ? 'reject' : 'scram-sha-256'}`];
    this.run('initdb', ...this.data, ...auth, '--username=postgres', `--pwfile=${passwordFile}`, '--no-sync');
    const places = port === undefined ? ['listen_addresses='] : ['listen_addresses=127.0.0.1', `port=${port}`];
    const all = [...places, `unix_socket_directories=${this.socketDir}`, 'fsync=off', ...settings];
    const options = all.map((setting) => `-c ${setting}`).join(' ');
    this.run('pg_ctl', ...this.data, '-o', options, '-l', join(this.dir, 'log'), '-w', 'start');
  }

  /** What it has logged. */
  get log(): string {
    return readFileSync(join(this.dir, 'log'), 'utf8');
  }

  /** Variables with which clients connect as the superuser. */
  get adminEnv(): Record<string, string> {
    const { port } = this.options;
    const place = { PGHOST: this.socketDir, ...(port !== undefined && { PGPORT: String(port) }) };
    return { ...place, PGUSER: 'postgres', PGPASSWORD: PASSWORD };
  }

  /** Runs statements as the superuser. Returns the rows, one a line, columns apart by `|`. */
  query(...statements: string[]): string {
    const commands = statements.flatMap((statement) => ['-c', statement]);
    const env = { ...process.env, ...this.adminEnv };
    return execFileSync(join(this.bin, 'psql'), ['-XqAt', '-d', 'postgres', ...commands], { env, encoding: 'utf8' });
  }

  /** Creates a role and a database of the same name, which no other role may enter. */
  createDatabase(name: string, password: string): void {
    this.query(
      `CREATE ROLE "${name}" LOGIN PASSWORD '${password}'`,
      `CREATE DATABASE "${name}" OWNER "${name}"`,
      `REVOKE ALL ON DATABASE "${name}" FROM PUBLIC`,
    );
  }

  stop(): void {
    this.run('pg_ctl', ...this.data, '-m', 'immediate', '-w', 'stop');
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get data(): readonly string[] {
    return ['-D', join(this.dir, 'data')];
  }

  private makeOpen(dir: string): void {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
    const { uid, gid } = this.user;
    if (uid !== undefined && gid !== undefined) chownSync(dir, uid, gid);
  }

  private run(program: string, ...args: string[]): void {
    // The started server keeps running, so it must not have this process's pipes.
    const { status } = spawnSync(join(this.bin, program), args, { ...this.user, cwd: this.dir, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}`);
  }
}

function idOf(kind: '-u' | '-g'): number {
  return Number(execFileSync('id', [kind, 'postgres'], { encoding: 'utf8' }));
}
