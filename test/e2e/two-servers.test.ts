/** Two servers of one user on one machine: neither touches the other's sockets. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askSocket } from './clients.ts';
import { FIXTURES, isRunning, serve, temporaryDirectory, writeConfig } from './support.ts';
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

async function runtimeDirOf(server: TestServer): Promise<string> {
  return dirname((await server.instance('app:acme')).socket ?? '');
}

/** Each by its own tenant, through its proxy and at its public socket. */
async function answerForThemselves(...servers: TestServer[]): Promise<void> {
  for (const server of servers) {
    const { socket } = await server.instance('app:acme');
    const answers = [await whoAnswers(server), JSON.parse((await askSocket(socket ?? '')).body)];
    expect(answers.map(({ dataDir }) => dataDir)).toEqual(Array(2).fill(join(server.dataDir, 'acme')));
  }
}

function warnings(server: TestServer): string[] {
  return server.stderr.split('\n').filter((line) => line.includes('runtime_dir'));
}

describe('two servers with the same default runtime_dir', () => {
  it('have a directory each, and keep it whichever starts first', async () => {
    const first = await serve(APP);
    const second = another(APP, first.dir);
    await second.start();
    const common = join(first.dir, 'tenement');
    const own = await runtimeDirOf(second);
    expect(await runtimeDirOf(first)).toBe(common);
    expect(own).toMatch(new RegExp(`^${common}-[0-9a-f]{8}$`));
    expect(statSync(own).mode).toBe(statSync(common).mode);
    expect(warnings(second)).toEqual([
      expect.stringMatching(
        `runtime_dir is not set, and ${common} has the sockets of tenement with pid ${first.pid}, `,
      ),
    ]);
    expect(warnings(second)[0]).toContain(`config ${first.configFile}, data in ${first.dataDir}: the sockets of this`);
    expect(warnings(second)[0]).toContain(`lie in ${own} from now on. Set runtime_dir`);
    await answerForThemselves(first, second);

    await first.stop();
    await second.stop();
    await second.start();
    await first.start();
    expect([await runtimeDirOf(first), await runtimeDirOf(second)]).toEqual([common, own]);
    expect(warnings(first).concat(warnings(second))).toEqual([]);
    await answerForThemselves(first, second);
  });

  it('make the one that finds its directory taken move, once', async () => {
    const first = await serve(APP);
    const common = await runtimeDirOf(first);
    await first.stop();
    const second = another(APP, first.dir);
    await second.start();
    expect(await runtimeDirOf(second)).toBe(common);
    await first.start();
    const own = await runtimeDirOf(first);
    expect(own).toMatch(`${common}-`);
    expect(warnings(first)).toHaveLength(1);
    await answerForThemselves(first, second);
    await second.stop();
    await first.stop();
    await first.start();
    expect([await runtimeDirOf(first), warnings(first)]).toEqual([own, []]);
  });

  it('let every command name the sockets of the second in any environment, and a reload keeps them', async () => {
    const first = await serve(APP);
    const second = another(APP, first.dir);
    await second.start();
    const own = await runtimeDirOf(second);
    for (const front of ['nginx', 'caddy']) {
      expect((await second.cli('front', front)).stdout).toContain(`${own}/app-`);
      expect((await second.cli('front', front)).stdout).not.toContain(`${first.dir}/tenement/`);
    }
    expect(JSON.parse((await second.cli('spawn', 'app:beta', '--json')).stdout).socket).toBe(`${own}/app-beta.sock`);
    expect((await second.cli('status', 'app:beta')).stdout).toContain(`${own}/app-beta.sock`);
    const diff = (await second.cli('check', '--diff')).stdout;
    expect(diff).toContain('the running server would change nothing');
    expect(diff).toContain(`sockets: in ${own}, `);

    writeFileSync(second.configFile, readFileSync(second.configFile, 'utf8').replace('"acme"', '"acme", "new"'));
    await second.event('app:new', 'ready');
    expect((await second.instance('app:new')).socket).toBe(`${own}/app-new.sock`);
    const { stdout } = await second.cli('events', '--json');
    expect(stdout).not.toContain('runtime_dir');

    // Without the server its state directory knows.
    await second.stop();
    expect((await first.cliFor(second.configFile, 'front', 'nginx')).stdout).toContain(`${own}/app-`);
    expect((await first.cliFor(second.configFile, 'check')).stdout).toContain(`sockets: in ${own}, `);
  });

  it('let the successor of a killed server with a directory of its own take back the tenants', async () => {
    const first = await serve(APP);
    const second = another(APP, first.dir);
    await second.start();
    const before = await whoAnswers(second);
    await second.stop('SIGKILL');
    await second.start();
    expect(await whoAnswers(second)).toEqual(before);
    await answerForThemselves(first, second);
  });

  it('let a server that now sets runtime_dir move the tenants it left running, and free the default for others', async () => {
    const first = await serve(APP);
    const before = await whoAnswers(first);
    const common = await runtimeDirOf(first);
    await first.stop('SIGKILL');
    const toml = readFileSync(first.configFile, 'utf8');
    writeFileSync(first.configFile, toml.replace('[settings]', '[settings]\nruntime_dir = "./run"'));
    await first.start();
    await expect.poll(() => runtimeDirOf(first), { timeout: 30_000 }).toBe(join(first.dir, 'run'));
    await expect.poll(() => isRunning(before.pid), { timeout: 30_000 }).toBe(false);
    const second = another(APP, first.dir);
    await second.start();
    expect([await runtimeDirOf(second), warnings(second)]).toEqual([common, []]);
    await answerForThemselves(first, second);
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)('leave the sockets to tenants that a server left by %s', async (signal) => {
    const first = await serve(`on_exit = "keep"\n${APP}`);
    const before = await whoAnswers(first);
    const common = await runtimeDirOf(first);
    await first.stop(signal);
    const second = another(APP, first.dir);
    await second.start();
    expect(await runtimeDirOf(second)).toMatch(`${common}-`);
    expect(warnings(second)[0]).toContain(`left running (pid ${before.pid}), config ${first.configFile}`);
    await first.start();
    expect([await whoAnswers(first), await runtimeDirOf(first)]).toEqual([before, common]);
    await answerForThemselves(first, second);
  });

  it('are reported by check beforehand, except the server that runs the config', async () => {
    const first = await serve(APP);
    const second = another(APP, first.dir);
    expect((await first.cli('check')).stdout).not.toContain('runtime_dir');
    const { status, stdout } = await first.cliFor(second.configFile, 'check');
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(
        /warning: .*has the sockets of tenement with pid .* lie in .*tenement-[0-9a-f]{8} from now on/,
      ),
    ]);
    await second.start();
    expect(stdout).toContain(`lie in ${await runtimeDirOf(second)} from now on`);
  });
});

describe('two servers with the same runtime_dir', () => {
  const sharing = (dir: string, keys = '') => `runtime_dir = "${dir}"\n${keys}\n${APP}`;

  it('let the second refuse, naming the first, whose tenant keeps serving; it may start when the first has ended', async () => {
    const shared = temporaryDirectory();
    const first = await serve(sharing(shared));
    const before = await whoAnswers(first);
    const second = another(sharing(shared), first.dir);
    const refusal = await second.start().catch((error: Error) => error.message);
    expect(refusal).toContain(`tenement with pid ${first.pid}, config ${first.configFile}, data in ${first.dataDir}`);
    expect(refusal).toMatch(/\(sockets_taken\)\nhint: .*runtime_dir/);
    expect(await whoAnswers(first)).toEqual(before);
    expect(before.dataDir).toBe(join(first.dataDir, 'acme'));
    const { status, stderr } = await first.cliFor(second.configFile, 'check');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/has the sockets of tenement with pid .*\(sockets_taken\)/),
    ]);

    await first.stop();
    await second.start();
    expect((await whoAnswers(second)).dataDir).toBe(join(second.dataDir, 'acme'));
  });

  it('leave the sockets to tenants of a killed server, for the next server of their data', async () => {
    const shared = temporaryDirectory();
    const first = await serve(sharing(shared));
    const before = await whoAnswers(first);
    await first.stop('SIGKILL');
    const second = another(sharing(shared), first.dir);
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

  it('leave the sockets to tenants that a server was told to keep', async () => {
    const shared = temporaryDirectory();
    const first = await serve(sharing(shared, 'on_exit = "keep"'));
    const before = await whoAnswers(first);
    await first.stop('SIGTERM');
    const second = another(sharing(shared), first.dir);
    await expect(second.start()).rejects.toThrow(`left running (pid ${before.pid})`);
    await first.start();
    expect(await whoAnswers(first)).toEqual(before);
  });
});

describe('two servers with sockets in one other directory', () => {
  it('coexist with services of different names, and not of the same', async () => {
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

  it("never get each other's sockets by a reload", async () => {
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

it("a data directory inside another server's is a different one: its tenants are no strays", async () => {
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
