/** A PostgreSQL server for one test, on a Unix socket only, with a database for each tenant. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Need } from './needs.ts';

/** Where Debian installs the programs of each version. */
const VERSIONS = '/usr/lib/postgresql';

export const POSTGRES: Need = { test: `ls ${VERSIONS}/*/bin/initdb`, remedy: 'apt-get install postgresql' };

const PASSWORD = 'of the superuser';

export class Postgres {
  /** The directory of the server's socket, which every user may enter. */
  readonly socketDir: string;
  private readonly dir: string;
  private readonly bin: string;
  /** The server's user: PostgreSQL refuses root. */
  private readonly user: { uid?: number; gid?: number };

  constructor() {
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
    const auth = ['--auth-local=scram-sha-256', '--auth-host=reject'];
    this.run('initdb', ...this.data, ...auth, '--username=postgres', `--pwfile=${passwordFile}`, '--no-sync');
    const options = `-c listen_addresses= -c unix_socket_directories=${this.socketDir} -c fsync=off`;
    this.run('pg_ctl', ...this.data, '-o', options, '-l', join(this.dir, 'log'), '-w', 'start');
  }

  /** Creates a role and a database of the same name, which no other role may enter. */
  createDatabase(name: string, password: string): void {
    const statements = [
      `CREATE ROLE "${name}" LOGIN PASSWORD '${password}'`,
      `CREATE DATABASE "${name}" OWNER "${name}"`,
      `REVOKE ALL ON DATABASE "${name}" FROM PUBLIC`,
    ];
    const commands = statements.flatMap((statement) => ['-c', statement]);
    const env = { ...process.env, PGPASSWORD: PASSWORD };
    execFileSync(join(this.bin, 'psql'), ['-q', '-h', this.socketDir, '-U', 'postgres', ...commands], { env });
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
