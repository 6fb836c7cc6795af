/** Two servers of one user on one machine: neither touches the other's sockets. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FIXTURES, serve, temporaryDirectory, writeConfig } from './support.ts';
import { TestServer } from './test-server.ts';

const service = (name: string, socket = '') => `[service.${name}]
command = "node {fixtures}/tenant.mjs"
health = "/health"
${socket === '' ? '' : `socket = "${socket}"`}
[instances]
${name} = ["acme"]
`;
const APP = service('app');

/** Not started yet; its default runtime_dir is below `userDir`. */
function another(toml: string, userDir: string): TestServer {
  const dir = temporaryDirectory();
  const file = join(dir, 'tenement.toml');
  writeConfig(file, toml);
  const server = new TestServer(dir, file, []);
  server.env = { XDG_RUNTIME_DIR: userDir };
  onTestFinished(() => server.dispose());
  return server;
}

async function whoAnswers(server: TestServer): Promise<{ pid: number; dataDir: string }> {
  return JSON.parse((await server.get('acme.localhost')).body);
}

describe('two servers with the same default runtime_dir', () => {
  it('the second refuses, naming the first, whose tenant serves on; it may start when that has ended', async () => {
    const first = await serve(APP);
    const before = await whoAnswers(first);
    const second = another(APP, first.dir);
    const refusal = await second.start().catch((error: Error) => error.message);
    expect(refusal).toContain(`tenement with pid ${first.pid}, config ${first.configFile}, data in ${first.dataDir}`);
    expect(refusal).toMatch(/\(sockets_taken\)\nhint: .*runtime_dir/);
    expect(await whoAnswers(first)).toEqual(before);
    expect(before.dataDir).toBe(join(first.dataDir, 'acme'));

    await first.stop();
    await second.start();
    expect((await whoAnswers(second)).dataDir).toBe(join(second.dataDir, 'acme'));
  });

  it('tenants that a killed server left keep the sockets, for the next server of their data', async () => {
    const first = await serve(APP);
    const before = await whoAnswers(first);
    await first.stop('SIGKILL');
    const second = another(APP, first.dir);
    const refusal = await second.start().catch((error: Error) => error.message);
    expect(refusal).toContain(`left running (pid ${before.pid}), config ${first.configFile}`);
    await first.start();
    expect(await whoAnswers(first)).toEqual(before);

    // Of one that has left nobody there is nothing to respect.
    await first.stop('SIGKILL');
    process.kill(before.pid, 'SIGKILL');
    await second.start();
    expect((await whoAnswers(second)).dataDir).toBe(join(second.dataDir, 'acme'));
  });

  it('tenants that a server was told to keep keep the sockets too', async () => {
    const first = await serve(`on_exit = "keep"\n${APP}`);
    const before = await whoAnswers(first);
    await first.stop('SIGTERM');
    const second = another(APP, first.dir);
    await expect(second.start()).rejects.toThrow(`left running (pid ${before.pid})`);
    await first.start();
    expect(await whoAnswers(first)).toEqual(before);
  });

  it('check tells beforehand, but not of the server that runs the config', async () => {
    const first = await serve(APP);
    const second = another(APP, first.dir);
    expect((await first.cli('check')).status).toBe(0);
    const { status, stderr } = await first.cliFor(second.configFile, 'check');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/has the sockets of tenement with pid .*\(sockets_taken\)/),
    ]);
  });
});

describe('two servers with sockets in one other directory', () => {
  it('live side by side with services of different names, and not with the same', async () => {
    const shared = temporaryDirectory();
    const first = await serve(service('app', `${shared}/first-{id}.sock`));
    const before = await whoAnswers(first);
    const beside = await serve(service('other', `${shared}/beside-{id}.sock`));
    expect((await whoAnswers(beside)).dataDir).toBe(join(beside.dataDir, 'acme'));
    for (const conflict of [
      service('app', `${shared}/third-{id}.sock`),
      service('third', `${shared}/first-{id}.sock`),
      `runtime_dir = "${shared}"\n${service('third')}`,
    ]) {
      const third = another(conflict, temporaryDirectory());
      await expect(third.start()).rejects.toThrow(`${shared} has the sockets of tenement with pid ${first.pid}`);
    }
    expect(await whoAnswers(first)).toEqual(before);
  });

  it('a reload does not lead to sockets of another', async () => {
    const shared = temporaryDirectory();
    const first = await serve(service('app', `${shared}/app-{id}.sock`));
    const before = await whoAnswers(first);
    const second = await serve(APP);
    const moved = service('app', `${shared}/app-{id}.sock`).replaceAll('{fixtures}', FIXTURES);
    writeFileSync(second.configFile, `[settings]\ndata_dir = "./data"\n${moved}`);
    await second.event(null, 'reload-failed');
    const { stdout } = await second.cli('events', '--json');
    expect(stdout).toContain('sockets_taken');
    expect(await whoAnswers(first)).toEqual(before);
    expect((await whoAnswers(second)).dataDir).toBe(join(second.dataDir, 'acme'));
  });
});

it('a data directory inside another is not taken for it: its tenants are no strays', async () => {
  const outer = await serve(APP);
  const dir = join(outer.dataDir, 'staging');
  mkdirSync(dir);
  const file = join(dir, 'tenement.toml');
  writeConfig(file, APP);
  const inner = new TestServer(dir, file, []);
  onTestFinished(() => inner.dispose());
  await inner.start();
  const before = await whoAnswers(inner);
  await outer.stop('SIGKILL');
  await outer.start();
  expect(await whoAnswers(inner)).toEqual(before);
});

it('a umask of 077 leaves the way to the sockets open', async () => {
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  const server = await serve(APP);
  expect(statSync(join(server.dir, 'tenement')).mode & 0o777).toBe(0o755);
  const record = JSON.parse(readFileSync(join(server.dir, `tenement/.tenement-${process.getuid?.()}/.owner`), 'utf8'));
  expect(record).toMatchObject({ pid: server.pid, config: server.configFile, dataDir: server.dataDir });
});
