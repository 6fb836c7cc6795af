import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { POSTGRES, Postgres } from '../../databases/postgres.ts';
import { MAIN } from '../../e2e/follower.ts';
import { tryApplication } from '../frame.ts';
import { GO, program } from '../needs.ts';
import type { Tenant } from '../tenant.ts';
import { field } from '../visitor.ts';

const LOGIN = { username: 'ada', password: 'correct horse' };

let postgres: Postgres | null = null;
let databases = 0;

tryApplication({
  name: 'miniflux',
  needs: [GO, POSTGRES, program('script', 'bsdutils')],

  async begin() {
    const server = new Postgres();
    postgres = server;
    server.start();
    return () => server.stop();
  },

  keys: (level) => (level === 'namespace' ? `sockets = ["${postgres?.socketDir}"]` : ''),

  env(tenantId) {
    databases += 1;
    const name = `miniflux-${tenantId}-${databases}`;
    postgres?.createDatabase(name, `of ${tenantId}`);
    const words = {
      host: postgres?.socketDir,
      user: name,
      dbname: name,
      password: `'of ${tenantId}'`,
      sslmode: 'disable',
    };
    return [
      `DATABASE_URL=${Object.entries(words)
        .map(([key, value]) => `${key}=${value}`)
        .join(' ')}`,
    ];
  },

  async prepare(tenant) {
    await tenant.exec('bin/miniflux.app', '-migrate');
    await createAdmin(tenant);
    await logIn(tenant);
  },

  async use(tenant) {
    const form = (await tenant.get('/category/create')).body;
    await tenant.postForm('/category/save', { csrf: field(form, 'csrf'), title: 'only acme' });
  },

  async has(tenant) {
    const { status, body } = await tenant.get('/categories');
    expect(status).toBe(200);
    return body.includes('only acme');
  },
});

/** Runs the program on a terminal, which it requires. */
async function createAdmin({ server, instance }: Tenant): Promise<void> {
  const words = [process.execPath, MAIN, '-c', server.configFile, 'exec', instance, '-it', '--', 'bin/miniflux.app'];
  const line = [...words, '-create-admin'].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, XDG_RUNTIME_DIR: server.dir };
  const terminal = spawn('script', ['-qec', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(terminal, 'close');
  let screen = '';
  for await (const chunk of terminal.stdout) {
    screen += chunk;
    if (screen.endsWith('Username: ')) terminal.stdin.write(`${LOGIN.username}\n`);
    if (screen.endsWith('Password: ')) terminal.stdin.write(`${LOGIN.password}\n`);
  }
  expect(await ended, screen).toEqual([0, null]);
}

async function logIn(tenant: Tenant): Promise<void> {
  const form = (await tenant.get('/')).body;
  const { status } = await tenant.postForm('/login', { csrf: field(form, 'csrf'), ...LOGIN });
  expect(status).toBe(302);
}
