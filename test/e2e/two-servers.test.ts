/** Two servers of one user on one machine: neither touches the other's sockets. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { directoryOfTest, FIXTURES, serve } from './support.ts';
import {
  APP,
  another,
  answerForThemselves,
  runtimeDirOf,
  service,
  sharing,
  warnings,
  whoAnswers,
} from './two-servers.ts';

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

    // Without the server, the state directory names the sockets.
    await second.stop();
    expect((await first.cliFor(second.configFile, 'front', 'nginx')).stdout).toContain(`${own}/app-`);
    expect((await first.cliFor(second.configFile, 'check')).stdout).toContain(`sockets: in ${own}, `);
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
  it('let the second refuse, naming the first, whose tenant keeps serving; it may start when the first has ended', async () => {
    const shared = directoryOfTest();
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
});

describe('two servers with sockets in one other directory', () => {
  it('coexist with services of different names, and not of the same', async () => {
    const shared = directoryOfTest();
    const first = await serve(service('app', `${shared}/first-{id}.sock`));
    const before = await whoAnswers(first);
    const beside = await serve(service('other', `${shared}/beside-{id}.sock`));
    expect((await whoAnswers(beside)).dataDir).toBe(join(beside.dataDir, 'acme'));
    for (const conflict of [
      service('app', `${shared}/third-{id}.sock`),
      service('third', `${shared}/first-{id}.sock`),
      `runtime_dir = "${shared}"\n${service('third')}`,
    ]) {
      const third = another(conflict, directoryOfTest());
      await expect(third.start()).rejects.toThrow(`${shared} has the sockets of tenement with pid ${first.pid}`);
    }
    expect(await whoAnswers(first)).toEqual(before);
  });

  it("never get each other's sockets by a reload", async () => {
    const shared = directoryOfTest();
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

it('a umask of 077 leaves the way to the sockets open', async () => {
  const before = process.umask(0o077);
  onTestFinished(() => void process.umask(before));
  const server = await serve(APP);
  expect(statSync(join(server.dir, 'tenement')).mode & 0o777).toBe(0o755);
  const record = JSON.parse(readFileSync(join(server.dir, `tenement/.tenement-${process.getuid?.()}/.owner`), 'utf8'));
  expect(record).toMatchObject({ pid: server.pid, config: server.configFile, dataDir: server.dataDir });
});
