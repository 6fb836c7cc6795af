import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { get, inline, makeBench, PATIENT, publicSocket } from '../support.ts';

const PRINT_ENV = inline('console.log("env " + JSON.stringify(process.env)); setInterval(() => {}, 1000)');

test('the child has exactly the documented variables, and no secret of the supervisor', async () => {
  const bench = makeBench({ PATH: process.env['PATH'], SECRET: 'x', AWS_REGION: 'eu-1', TZ: 'UTC' });
  const { paths } = bench.request();
  await bench.launch(
    { command: PRINT_ENV, inheritEnv: ['AWS_REGION'], env: { DB: '{tenant_dir}/app.db', WHO: '{service}:{id}' } },
    { PLAN: 'gold', RAW: '{id}' },
  );
  const [, env = ''] = /^env (.*)$/m.exec(await bench.sink.printed(/^env .*\n/m)) ?? [];
  expect(JSON.parse(env)).toEqual({
    PATH: process.env['PATH'],
    HOME: paths.tenantDir,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TMPDIR: join(paths.tenantDir, '.tmp'),
    AWS_REGION: 'eu-1',
    DB: `${paths.tenantDir}/app.db`,
    WHO: 'api:acme',
    PLAN: 'gold',
    RAW: '{id}',
    TENANT_ID: 'acme',
    SERVICE_NAME: 'api',
    DATA_DIR: paths.tenantDir,
    SOCKET_PATH: paths.bindSocket,
  });
});

test('the child inherits no descriptor but its input and output', async () => {
  const bench = makeBench();
  await bench.launch({ command: ['/bin/sh', '-c', 'ls -l /proc/self/fd; echo end'] });
  const listed = [...(await bench.sink.printed(/end\n/)).matchAll(/ (\d+) -> (.*)/g)];
  const others = listed.filter(([, fd]) => Number(fd) > 2).map(([, , target]) => target);
  // `ls` opens the directory that it reads; inherited descriptors of the tests are covered by /dev/null.
  expect(others.filter((target) => target !== '/dev/null')).toEqual([expect.stringMatching(/^\/proc\/\d+\/fd$/)]);
});

test('templates are filled in each word, and a value with spaces stays one word', async () => {
  const bench = makeBench();
  mkdirSync(join(bench.dir, 'work acme'));
  const show = 'console.log("args " + JSON.stringify([process.argv.slice(1), process.cwd()]))';
  await bench.launch({
    command: [...inline(show), '{service} of {id}', '{{}}', '{socket}'],
    workdir: join(bench.dir, 'work {id}'),
  });
  const { paths } = bench.request();
  const [, args = ''] = /^args (.*)$/m.exec(await bench.sink.printed(/^args .*\n/m)) ?? [];
  expect(JSON.parse(args)).toEqual([['api of acme', '{}', paths.bindSocket], join(bench.dir, 'work acme')]);
});

test('the tenant directory has mode 0700', async () => {
  const bench = makeBench();
  await bench.launch();
  const { tenantDir } = bench.request().paths;
  expect(statSync(tenantDir).mode & 0o777).toBe(0o700);
  expect(statSync(join(tenantDir, '.tmp')).mode & 0o777).toBe(0o700);
});

test('a tenant directory that is a link is refused', async () => {
  const bench = makeBench();
  mkdirSync(bench.settings.dataDir);
  mkdirSync(join(bench.dir, 'elsewhere'));
  symlinkSync(join(bench.dir, 'elsewhere'), join(bench.settings.dataDir, 'acme'));
  const result = await bench.launcher.launch(bench.request());
  expect(result).toMatchObject({ ok: false, detail: expect.stringContaining('is not a directory') });
  expect(readdirSync(join(bench.dir, 'elsewhere'))).toEqual([]);
});

test('a missing command, a command that may not be run and a missing workdir are each reported in a sentence', async () => {
  const bench = makeBench();
  const plain = join(bench.dir, 'plain');
  writeFileSync(plain, '', { mode: 0o644 });
  const why = async (change: Parameters<typeof bench.request>[0]) => {
    const result = await bench.launcher.launch(bench.request(change));
    return result.ok ? 'it started' : result.detail;
  };
  expect(await why({ command: ['pythn', 'app.py'] })).toBe('command not found: pythn');
  expect(await why({ command: [plain] })).toBe(`not allowed to run: ${plain}`);
  expect(await why({ workdir: '/no/such/dir' })).toBe('workdir is not a directory: /no/such/dir');
  expect(await why({ command: ['/bin/true', 'x'.repeat(3_000_000)] })).toMatch(/E2BIG|too long/);
  expect(existsSync(dirname(bench.request().paths.bindSocket))).toBe(false);
});

test('a ready child is reached at the public path, whose mode is socket_mode', async () => {
  const bench = makeBench();
  const { paths } = bench.request();
  const child = await bench.launch({ socketMode: 0o600 });
  expect(existsSync(publicSocket(paths))).toBe(false);
  expect(await child.waitReady(PATIENT)).toEqual({ ok: true });
  expect(child.upstream).not.toEqual({ socketPath: publicSocket(paths) });
  expect(lstatSync(publicSocket(paths)).mode & 0o777).toBe(0o600);
  // The socket stays where the process bound it, so that the process may change it.
  expect(lstatSync(paths.bindSocket).ino).toBe(lstatSync(publicSocket(paths)).ino);
  for (const where of [child.upstream, { socketPath: publicSocket(paths) }]) {
    expect(JSON.parse(await get(where))).toMatchObject({ tenant: 'acme', pid: child.identity.pid });
  }
});

test('a socket path that is too long is an error', () => {
  const bench = makeBench();
  const socket = `{runtime_dir}/${'x'.repeat(108)}.sock`;
  expect(() => bench.request({ socket })).toThrow(expect.objectContaining({ code: 'socket_path_too_long' }));
});

test('the directory of a tenant is deleted; an id that is no label deletes nothing', async () => {
  const bench = makeBench();
  const tenantDir = join(bench.settings.dataDir, 'acme');
  mkdirSync(tenantDir, { recursive: true });
  mkdirSync(bench.settings.stateDir);
  await bench.tenantDirectories.delete('acme');
  expect(existsSync(tenantDir)).toBe(false);
  for (const id of ['..', '', '.', 'a/b', '.tenement']) {
    await expect(bench.tenantDirectories.delete(id)).rejects.toMatchObject({ code: 'bad_id' });
  }
  expect(existsSync(bench.settings.dataDir)).toBe(true);
});

test('a child with listen = "port" gets a port of its own and is reached there', async () => {
  const bench = makeBench();
  const child = await bench.launch({ listen: 'port', health: '/health' });
  expect(await child.waitReady(PATIENT)).toEqual({ ok: true });
  expect(child.upstream).toEqual({ port: expect.any(Number) });
  expect(JSON.parse(await get(child.upstream))).toMatchObject({ tenant: 'acme' });
  expect(JSON.parse(await get(child.upstream, '/env'))).toMatchObject({
    PORT: String((child.upstream as { port: number }).port),
  });
});

test('the directory of a new tenant is made private, and one that exists is left as it is', async () => {
  const bench = makeBench();
  const tenantDir = join(bench.settings.dataDir, 'acme');
  expect(await bench.tenantDirectories.create({ tenantId: 'acme', user: null, skeleton: null })).toBeNull();
  expect(statSync(tenantDir).mode & 0o777).toBe(0o700);
  chmodSync(tenantDir, 0o755);
  await bench.tenantDirectories.create({ tenantId: 'acme', user: null, skeleton: null });
  expect(statSync(tenantDir).mode & 0o777).toBe(0o755);
  await expect(bench.tenantDirectories.create({ tenantId: '..', user: null, skeleton: null })).rejects.toMatchObject({
    code: 'bad_id',
  });
});

test.skipIf(process.getuid?.() !== 0)('the directory of a new tenant belongs to a user of its own', async () => {
  const bench = makeBench();
  chmodSync(bench.dir, 0o711);
  const uid = await bench.tenantDirectories.create({ tenantId: 'acme', user: 'dynamic', skeleton: null });
  const { uid: owner, gid, mode } = statSync(join(bench.settings.dataDir, 'acme'));
  expect([owner, gid, mode & 0o777]).toEqual([uid, uid, 0o700]);
  expect(await bench.tenantDirectories.create({ tenantId: 'globex', user: 'dynamic', skeleton: null })).not.toBe(uid);
});
