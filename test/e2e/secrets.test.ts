/** Secrets of a real server's tenants. The cases of isolated tenants are in long/secrets.test.ts. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { MAIN } from './follower.ts';
import {
  expectSecretsToBeItsOwn,
  placesWith,
  registered,
  secretDirsOf,
  setSecret,
  tellerService,
  told,
  VALUE,
} from './secret-cases.ts';
import { serve, type TestServer } from './support.ts';

const isRoot = process.getuid?.() === 0;

/** Runs a command whose stdin has this text. */
async function pipe(server: TestServer, input: string, ...args: string[]) {
  const env = { ...process.env, XDG_RUNTIME_DIR: server.dir };
  const child = spawn(process.execPath, [MAIN, ...args, '-c', server.configFile], { env, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { out, err, status };
}

it('an instance finds its secrets in files of its own and in variables, and their values are nowhere else', async () => {
  await expectSecretsToBeItsOwn(await serve(tellerService(isRoot ? 'user = "dynamic"' : '')));
});

it('a changed secret replaces the process while requests are answered', async () => {
  const server = await serve(tellerService(''));
  await registered(server);
  await told(server);
  let isOver = false;
  const answers: string[] = [];
  const asking = (async () => {
    while (!isOver) answers.push((await told(server)).files['STRIPE_KEY'] ?? '');
  })();
  for (const value of ['two', 'three']) await setSecret(server, 'acme', 'STRIPE_KEY', value);
  isOver = true;
  await asking;
  expect((await told(server)).key).toBe('three');
  expect(answers.filter((answer) => ![VALUE, 'two', 'three'].includes(answer))).toEqual([]);
});

it('a secret is piped to the command line, and an instance says which one it lacks', async () => {
  const server = await serve(tellerService(''));
  const { stderr } = await server.cli('spawn', 'app', '--id', 'acme');
  expect(stderr).toContain(
    'the secrets DB_PASSWORD, STRIPE_KEY are not set for acme. Set them: `tenement secret set acme DB_PASSWORD`',
  );
  expect(await pipe(server, 'hunter2\n', 'secret', 'set', 'acme', 'DB_PASSWORD')).toEqual({
    out: 'DB_PASSWORD of acme has version 1\n',
    err: '',
    status: 0,
  });
  await pipe(server, `${VALUE}\n`, 'secret', 'set', 'acme', 'STRIPE_KEY');
  expect(await told(server)).toMatchObject({ key: VALUE, db: 'postgres://app:hunter2@db/acme' });
  const binary = await pipe(server, '\0\0', 'secret', 'set', 'acme', 'STRIPE_KEY');
  expect(binary).toMatchObject({ status: 2, err: expect.stringContaining('the value contains NUL') });
});

it('processes keep their secrets when the server is killed; those of processes that are gone go with the next start', async () => {
  const server = await serve(`on_exit = "keep"\n${tellerService('')}`);
  await registered(server);
  await registered(server, 'globex');
  const before = await told(server);
  await told(server, 'globex');
  await server.stop('SIGKILL');
  for (const pid of server.processesOf('globex')) process.kill(pid, 'SIGKILL');
  expect(secretDirsOf(server)).toHaveLength(2);
  await server.start();
  expect(await told(server)).toEqual(before);
  expect(secretDirsOf(server)).toEqual(['app.acme.secrets']);
  await server.cli('stop', 'app:acme');
  expect(secretDirsOf(server)).toEqual([]);
});

it('a key that is missing or open to others starts nothing, says why, and is not replaced', async () => {
  const server = await serve(tellerService(''));
  await registered(server);
  const key = join(server.dataDir, '.tenement/secrets.key');
  await server.stop();
  renameSync(key, `${key}.away`);
  await server.start();
  const { stderr } = await server.cli('start', 'app:acme');
  expect(stderr).toContain(`the key of the secrets is missing: there is no ${key}`);
  const { body } = await server.api('/api/tenants/acme/secrets/NEW', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"value":"x"}',
  });
  expect(JSON.parse(body)).toMatchObject({ code: 'secrets_locked', status: 503 });
  expect(existsSync(key)).toBe(false);
  renameSync(`${key}.away`, key);
  chmodSync(key, 0o644);
  expect((await server.cli('start', 'app:acme')).stderr).toContain('its mode 0644 lets others read it');
  chmodSync(key, 0o600);
  await server.cli('start', 'app:acme');
  expect((await told(server)).key).toBe(VALUE);
  expect(placesWith(readFileSync(key, 'utf8').trim(), [server.dir])).toEqual([key]);
});

it('the commands of docs/secrets.md do what the page says', async () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/secrets.md', import.meta.url)), 'utf8');
  const commands = [...page.matchAll(/^ {4}((?:tenement|printf|base64) .*)$/gm)].map(([, line = '']) => line);
  expect(commands).toHaveLength(8);
  const server = await serve(
    `${tellerService('').replaceAll('service.app', 'service.api')}\n[service.api.secrets.SECRET_KEY]\ngenerate = "hex:32"\n`,
  );
  await server.cli('spawn', 'api', '--id', 'acme', '--no-start');
  const bin = join(server.dir, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' -c '${server.configFile}' "$@"\n`;
  writeFileSync(join(bin, 'tenement'), script, { mode: 0o755 });
  for (const file of ['stripe.key', 'key.pem', 'keystore.p12']) writeFileSync(join(server.dir, file), `${file}\n`);
  const env = { ...process.env, XDG_RUNTIME_DIR: server.dir, PATH: `${bin}:${process.env['PATH']}`, VALUE };
  for (const command of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: server.dir, env, encoding: 'utf8' });
    expect([command, status, stderr.replace(/^api:acme will not start.*\n/, '')]).toEqual([command, 0, '']);
  }
  const { secrets } = JSON.parse((await server.api('/api/tenants/acme/secrets')).body);
  expect(secrets.map(({ name }: { name: string }) => name)).toEqual(['KEY', 'KEYSTORE', 'SECRET_KEY', 'TLS_KEY']);
});
