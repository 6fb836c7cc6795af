/** Neither of two servers touches the other's sockets when one of them is killed or stopped and started anew. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRunning, serve, temporaryDirectory, writeConfig } from '../support.ts';
import { TestServer } from '../test-server.ts';
import { APP, another, answerForThemselves, runtimeDirOf, sharing, warnings, whoAnswers } from '../two-servers.ts';

describe('two servers with the same default runtime_dir', () => {
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
});

describe('two servers with the same runtime_dir', () => {
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

    // A server that left no tenants has nothing to protect.
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
