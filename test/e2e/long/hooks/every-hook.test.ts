/** What all hooks of the package have in common. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { missing } from '../../../apps/needs.ts';
import { AWS, describeWith, MONGOSH, PATH, PSQL, REDIS } from '../../../databases/programs.ts';
import { runHook, type Variables } from './hook.ts';

/** A port without a listener. */
const NOBODY = '127.0.0.1:1';

/** Variables with which a hook finds nobody. */
const HOOKS: Readonly<Record<string, Variables>> = {
  postgres: { PGHOST: '127.0.0.1', PGPORT: '1', PGUSER: 'postgres', PGPASSWORD: 'hidden-password' },
  redis: { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', REDISCLI_AUTH: 'hidden-password' },
  rabbitmq: { RABBITMQ_API: `http://${NOBODY}`, RABBITMQ_USER: 'admin', RABBITMQ_PASSWORD: 'hidden-password' },
  s3: {
    IAM_ENDPOINT: `http://${NOBODY}`,
    S3_ENDPOINT: `http://${NOBODY}`,
    S3_BUCKET: 'tenants',
    AWS_ACCESS_KEY_ID: 'admin',
    AWS_SECRET_ACCESS_KEY: 'hidden-password',
  },
  mongodb: { MONGODB_ADMIN_URL: `mongodb://admin:hidden-password@${NOBODY}/` },
};
const ACTIONS = ['create', 'rotate', 'size', 'destroy'];

/** Nothing of this is an id. */
const NO_IDS = [
  '',
  '-acme',
  'acme-',
  'Acme',
  'ac_me',
  'ac.me',
  '../acme',
  "a';drop",
  'a b',
  'a\nb',
  '*',
  'ä',
  'a'.repeat(64),
];

describeWith([PSQL, REDIS, AWS, MONGOSH], 'each hook of the package', () => {
  it.each(Object.keys(HOOKS))('%s refuses what is not an id, and asks no server', async (name) => {
    for (const id of NO_IDS) {
      const result = await runHook(name, ['create', id], HOOKS[name]);
      expect(result).toMatchObject({ status: 1, stdout: '', stderr: `${name}: the id is not that of a tenant\n` });
    }
  });

  it.each(Object.keys(HOOKS))('%s tells its usage, and the actions that it knows', async (name) => {
    const usage = `${name}: usage: ${name} create|destroy|rotate|size ID\n`;
    for (const args of [[], ['create'], ['create', 'acme', 'globex']]) {
      expect(await runHook(name, args, HOOKS[name])).toMatchObject({ status: 1, stderr: usage });
    }
    const { status, stderr } = await runHook(name, ['drop', 'acme'], HOOKS[name]);
    expect([status, stderr]).toEqual([
      1,
      `${name}: there is no drop; the actions are create, destroy, rotate and size\n`,
    ]);
  });

  it.each(Object.keys(HOOKS))('%s fails with one plain line while its server is away', async (name) => {
    for (const action of ACTIONS) {
      const { status, stdout, stderr } = await runHook(name, [action, 'acme'], HOOKS[name]);
      expect([action, status, stdout]).toEqual([action, 1, '']);
      expect(stderr).toMatch(new RegExp(`^${name}: .*([Cc]onnect|ECONNREFUSED).*\n$`));
      expect(stderr).not.toContain('hidden-password');
    }
  });

  it.each(Object.keys(HOOKS))('%s names the program that it needs and does not find', async (name) => {
    const tools = ['sh', 'mktemp', 'rm', 'tr', 'sed', 'id'];
    const dir = directoryWith(tools, (tool) => `#!/bin/sh\nexec /bin/${tool} "$@"\n`);
    const { status, stderr } = await runHook(name, ['create', 'acme'], { ...HOOKS[name], PATH: dir });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^${name}: the program [\\w-]+ is missing; install [\\w-]+\n$`));
  });

  it.each(Object.keys(HOOKS))('%s shows no password in the arguments of a program', async (name) => {
    const programs = ['psql', 'redis-cli', 'curl', 'aws', 'mongosh', 'runuser', 'env'];
    const found = programs.filter(
      (program) => missing([{ test: `PATH='${PATH}' command -v ${program}`, remedy: '' }]).length === 0,
    );
    const seen = join(
      directoryWith([], () => ''),
      'seen',
    );
    const dir = directoryWith(
      found,
      (program) => `#!/bin/sh
echo "$0 $*" >>'${seen}'
PATH='${PATH}'
exec ${program} "$@"
`,
    );
    const secrets = { SECRET_DATABASE_URL: 'postgresql://tenant_acme_a:kept-password@localhost/tenant_acme' };
    for (const action of ACTIONS) {
      await runHook(name, [action, 'acme'], { ...HOOKS[name], ...secrets, PATH: `${dir}:${PATH}` });
    }
    const lines = readFileSync(seen, 'utf8');
    expect(lines).toContain(dir);
    expect(lines).not.toMatch(/hidden-password|kept-password/);
  });
});

/** A directory with a script for each name, until the test has finished. */
function directoryWith(names: readonly string[], scriptOf: (name: string) => string): string {
  const dir = mkdtempSync(join(tmpdir(), 'hook-programs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of names) {
    writeFileSync(join(dir, name), scriptOf(name));
    chmodSync(join(dir, name), 0o755);
  }
  return dir;
}
