/** SecantusDB, a server of MongoDB's protocol with users and roles, for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { Daemon, listens } from './daemon.ts';
import { Mongosh } from './mongosh.ts';
import { PATH } from './programs.ts';

const PASSWORD = 'of-the-admin';

export class SecantusDb {
  readonly port: number;
  private readonly dir: string;
  private readonly daemon: Daemon;
  private readonly mongosh: Mongosh;

  private constructor(dir: string, port: number, daemon: Daemon) {
    this.dir = dir;
    this.port = port;
    this.daemon = daemon;
    this.mongosh = new Mongosh(dir);
  }

  /** One that asks for a login, and has an administrator. */
  static async start(): Promise<SecantusDb> {
    const dir = mkdtempSync(join(tmpdir(), 'secantusdb-'));
    const port = await freePort();
    const run = (...words: readonly string[]) =>
      Daemon.start(['secantusdb', '--port', String(port), '--storage-path', 'db', '--standalone', ...words], {
        cwd: dir,
        env: { PATH, HOME: dir },
        isReady: () => listens(port),
      });
    // The first user can be made only while it asks for no login.
    const open = await run();
    try {
      const user = JSON.stringify({ user: 'admin', pwd: PASSWORD, roles: ['root'] });
      new Mongosh(dir).run(`mongodb://127.0.0.1:${port}/admin`, `db.createUser(${user})`);
    } finally {
      await open.stop();
    }
    return new SecantusDb(dir, port, await run('--auth'));
  }

  get adminUrl(): string {
    return `mongodb://admin:${PASSWORD}@127.0.0.1:${this.port}/`;
  }

  /** Runs a script as the administrator; it throws when the script does. */
  admin(script: string): string {
    return this.mongosh.run(this.adminUrl, script);
  }

  /** Runs a script as the user of a URL; returns all that it says. */
  as(url: string, script: string): string {
    return this.mongosh.tried(url, script);
  }

  /** Lists all databases but the server's own, and the users of the databases of these tenants. */
  names(...tenantIds: readonly string[]): readonly string[] {
    const owned = JSON.stringify(tenantIds.map((id) => `tenant_${id}`));
    const script = `const users = ${owned}.flatMap((name) => db.getSiblingDB(name).getUsers().users.map(({user}) => user))
      print(JSON.stringify([...db.getMongo().getDBNames(), ...users]))`;
    const names: string[] = JSON.parse(this.admin(script));
    return names.filter((name) => name !== 'admin' && name !== 'local').sort();
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
