/** An S3-compatible server for one test, versitygw, with its IAM API and a bucket `tenants`. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { Daemon, listens } from './daemon.ts';
import { PATH } from './programs.ts';
import { type Keys, signedFetch } from './signed-fetch.ts';

const ROOT = { AWS_ACCESS_KEY_ID: 'root', AWS_SECRET_ACCESS_KEY: 'secret-of-root' };
export const BUCKET = 'tenants';

export class Versitygw {
  private readonly dir: string;
  private readonly ports: { readonly s3: number; readonly iam: number };
  private readonly daemons: readonly Daemon[];

  private constructor(dir: string, ports: { readonly s3: number; readonly iam: number }, daemons: readonly Daemon[]) {
    this.dir = dir;
    this.ports = ports;
    this.daemons = daemons;
  }

  static async start(): Promise<Versitygw> {
    const dir = mkdtempSync(join(tmpdir(), 's3-'));
    for (const name of ['data', 'versions', 'iam']) mkdirSync(join(dir, name));
    const ports = { s3: await freePort(), iam: await freePort() };
    const env = { PATH, ROOT_ACCESS_KEY: ROOT.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: ROOT.AWS_SECRET_ACCESS_KEY };
    const identities = join(dir, 'identities');
    const daemons: Daemon[] = [];
    const server = new Versitygw(dir, ports, daemons);
    const start = async (port: number, ...args: string[]) => {
      const words = ['versitygw', '-p', `127.0.0.1:${port}`, ...args] as const;
      daemons.unshift(await Daemon.start(words, { cwd: dir, env, isReady: () => listens(port) }));
    };
    try {
      await start(ports.iam, 'iam', '--dir', 'iam', '--private-ports', identities);
      // Without the cache, so that a deleted key is refused at once.
      const iam = ['--iam-standalone-endpoint', identities, '--iam-cache-disable'];
      await start(ports.s3, ...iam, 'posix', '--versioning-dir', join(dir, 'versions'), join(dir, 'data'));
      await server.s3(undefined, `/${BUCKET}`, { method: 'PUT' });
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get adminEnv(): Record<string, string> {
    return { ...ROOT, S3_BUCKET: BUCKET, S3_ENDPOINT: this.url, IAM_ENDPOINT: `http://127.0.0.1:${this.ports.iam}` };
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.s3}`;
  }

  /** Sends a request to the S3 API; as the administrator unless keys are given. */
  s3(keys: Keys = ROOT, path: string, request?: Parameters<typeof signedFetch>[3]): Promise<string> {
    return signedFetch(keys, 's3', this.url + path, request);
  }

  /** Sends an action to the IAM API; as the administrator unless keys are given. */
  iam(keys: Keys = ROOT, action: string): Promise<string> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = `${action}&Version=2010-05-08`;
    return signedFetch(keys, 'iam', `http://127.0.0.1:${this.ports.iam}/`, { method: 'POST', headers, body });
  }

  async users(): Promise<readonly string[]> {
    const answer = await this.iam(undefined, 'Action=ListUsers');
    return [...answer.matchAll(/<UserName>(.*?)<\/UserName>/g)].map(([, name = '']) => name).sort();
  }

  /** From now on, what is overwritten or deleted in the bucket is kept as a version. */
  async keepVersions(): Promise<void> {
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    const answer = await this.s3(undefined, `/${BUCKET}?versioning=`, { method: 'PUT', body });
    if (!answer.startsWith('200')) throw new Error(answer);
  }

  /** Every file and directory below what is stored. */
  stored(): readonly string[] {
    return ['data', 'versions'].flatMap((name) =>
      readdirSync(join(this.dir, name), { recursive: true }).map((path) => join(name, String(path))),
    );
  }

  async stop(): Promise<void> {
    for (const daemon of this.daemons) await daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
