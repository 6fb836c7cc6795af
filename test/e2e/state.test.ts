import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { serve, serveFile, type TestServer, temporaryDirectory, writeConfig } from './support.ts';
import type { Answer } from './test-server.ts';

const APP = '[service.app]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n';
const ci = process.env['CI'] === 'true';
const noSqlite = !ci && spawnSync('sqlite3', ['-version']).status !== 0;
const noRoot = !ci && process.getuid?.() !== 0;

/** The backup command of docs/operating.md, for a data directory. */
function documented(pattern: RegExp, dataDir: string): string {
  const docs = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const [line = 'false'] = pattern.exec(docs) ?? [];
  return line.trim().replaceAll('data/', `${dataDir}/`);
}

it.skipIf(noSqlite)(
  'the documented backup of a live registry is complete, and a server can use it (apt-get install sqlite3)',
  async () => {
    const server = await serve(APP);
    const sh = (command: string) => spawnSync('sh', ['-ec', command], { cwd: server.dir, encoding: 'utf8' });
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, index) => server.api(`/spawn/app/--id=t${index}?start=false`)),
    );
    await server.api('/spawn/app/--id=acme?start=false');
    expect(sh(documented(/^ +.*sqlite3 .*backup.*$/m, 'data'))).toMatchObject({ status: 0, stderr: '' });
    await writing;
    await server.stop();
    // The backup contains the tenants' environments.
    const backups = namesIn(server.dir).filter((file) => file.includes('backup'));
    expect(backups).toHaveLength(1);
    for (const file of backups) expect([mode(file), mode(dirname(file))]).toEqual([0o600, 0o700]);
    const restore = sh(documented(/^ +cp .*tenement-backup.db .*$/m, 'data'));
    expect(restore).toMatchObject({ status: 0, stderr: '' });
    await server.start();
    expect(await server.instance('app:acme')).toMatchObject({ state: 'asleep' });
  },
);

function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
}

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

it('a damaged registry is refused in one line, and nothing is started or lost', async () => {
  const server = await serve(`${APP}[instances]\napp = ["acme"]\n`);
  await server.stop();
  const file = join(server.dataDir, '.tenement/tenement.db');
  rmSync(`${file}-wal`, { force: true });
  const bytes = readFileSync(file);
  for (let page = 1; page * 4096 < bytes.length; page += 1) bytes.fill(0xff, page * 4096, page * 4096 + 16);
  writeFileSync(file, bytes);
  const { status, stderr } = await server.cli('serve', '--data-dir', server.dataDir);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^tenement: the registry \S+tenement\.db .+ \(state_failed\)\nhint: .+\n$/);
  expect(server.processesOf('acme')).toEqual([]);
});

it.skipIf(noRoot)('a full disk is reported, stops no request, and loses nothing committed (needs root)', async () => {
  const dir = temporaryDirectory();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', dir], { encoding: 'utf8' });
  expect(mounted.stderr).toBe('');
  const config = join(dir, 'tenement.toml');
  writeConfig(config, `${APP}[instances]\napp = ["acme"]\n`);
  const server = await serveFile(config, dir);
  try {
    await fillAndFree(server, dir);
  } finally {
    await server.stop();
    spawnSync('umount', ['-l', dir]);
  }
});

async function fillAndFree(server: TestServer, dir: string): Promise<void> {
  expect((await server.api('/spawn/app/--id=before?start=false')).status).toBe(201);
  spawnSync('dd', ['if=/dev/zero', `of=${join(dir, 'filler')}`, 'bs=4k']);
  const answers: Answer[] = [];
  for (let index = 0; index < 60; index += 1) answers.push(await server.api(`/spawn/app/--id=t${index}?start=false`));
  const refused = answers.filter(({ status }) => status !== 201);
  expect(refused.length).toBeGreaterThan(0);
  for (const { status, body } of refused) {
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ code: 'state_failed', detail: expect.stringMatching(/full|I\/O/) });
  }
  expect((await server.get('acme.localhost')).status).toBe(200);
  await server.cli('sleep', 'app:acme');
  expect((await server.get('acme.localhost')).status).toBe(200);
  rmSync(join(dir, 'filler'));
  expect((await server.api('/spawn/app/--id=after?start=false')).status).toBe(201);
  await server.stop('SIGKILL');
  await server.start();
  const { instances } = JSON.parse((await server.api('/api/instances')).body);
  const accepted = answers.flatMap(({ status }, index) => (status === 201 ? [`t${index}`] : []));
  expect(instances.map(({ id }: { id: string }) => id)).toEqual(['acme', 'after', 'before', ...accepted].sort());
}
