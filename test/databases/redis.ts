/** A Redis server for one test, on a port of 127.0.0.1, that keeps its users in a file. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { Daemon, listens } from './daemon.ts';

const PASSWORD = 'administrator';

export class Redis {
  readonly port: number;
  private readonly dir: string;
  private readonly daemon: Daemon;

  private constructor(port: number, dir: string, daemon: Daemon) {
    this.port = port;
    this.dir = dir;
    this.daemon = daemon;
  }

  /** @param settings lines of redis.conf in place of the file of users and the administrator's password */
  static async start(settings?: readonly string[], configuration: 'file' | 'no file' = 'file'): Promise<Redis> {
    const dir = mkdtempSync(join(tmpdir(), 'redis-'));
    const port = await freePort();
    writeFileSync(join(dir, 'users.acl'), `user default on >${PASSWORD} ~* &* +@all\n`);
    const lines = [`port ${port}`, 'bind 127.0.0.1', 'save ""', `dir ${dir}`, ...(settings ?? ['aclfile users.acl'])];
    writeFileSync(join(dir, 'redis.conf'), `${lines.join('\n')}\n`);
    const options = lines.flatMap((line) => `--${line}`.replaceAll('"', '').split(' '));
    const args = configuration === 'file' ? [join(dir, 'redis.conf')] : options;
    const daemon = await Daemon.start(['redis-server', ...args], {
      cwd: dir,
      isReady: () => listens(port),
    });
    return new Redis(port, dir, daemon);
  }

  get adminEnv(): Record<string, string> {
    return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(this.port), REDISCLI_AUTH: PASSWORD };
  }

  /** Runs a command as the administrator. */
  command(...words: string[]): string {
    const env = { ...process.env, ...this.adminEnv };
    return execFileSync('redis-cli', ['-p', String(this.port), ...words], { env, encoding: 'utf8' });
  }

  /** Runs a command as the user of a URL; returns the answer, which may be an error. */
  as(url: string, ...words: string[]): string {
    const { username, password } = new URL(url);
    const env = { ...process.env, REDISCLI_AUTH: password };
    const args = ['--no-auth-warning', '-p', String(this.port), '--user', username, ...words];
    return spawnSync('redis-cli', args, { env, encoding: 'utf8' }).stdout.trim();
  }

  /** What it would start with again. */
  get writtenUsers(): string {
    return readFileSync(join(this.dir, 'users.acl'), 'utf8');
  }

  get configuration(): string {
    return readFileSync(join(this.dir, 'redis.conf'), 'utf8');
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
