/** Tenants that become archives, and archives that become tenants. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { archiveOf } from '../archive/made-archives.ts';
import {
  exportedBy,
  exportUnread,
  isRoot,
  ledger,
  leftovers,
  numbersIn,
  secretsOf,
  setSecret,
  tenantOf,
  upload,
  write,
} from './archive-support.ts';
import { serveAll } from './support.ts';

const running = serveAll(`
[proxy]
default_service = "app"
${ledger('app')}`);

it('an exported tenant is imported with its files, its terms and a user of its own', async () => {
  const dir = await tenantOf(running(), 'acme', 1, 2, 3);
  mkdirSync(join(dir, 'files'));
  writeFileSync(join(dir, 'files', 'a\nb'), 'text', { mode: 0o640 });
  linkSync(join(dir, 'files', 'a\nb'), join(dir, 'again'));
  symlinkSync('files/a\nb', join(dir, 'link'));
  symlinkSync('/etc/passwd', join(dir, 'out'));
  writeFileSync(join(dir, 'holes'), 'begin');
  truncateSync(join(dir, 'holes'), 1024 ** 3);
  execFileSync('mkfifo', [join(dir, 'fifo')]);
  if (isRoot) execFileSync('chown', ['-R', '-h', `--reference=${dir}`, dir]);
  const file = join(running().dir, 'acme.tar.zst');
  const said = await running().cli('export', 'acme', '-o', file);
  expect(said).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^acme exported to .*: \d+ files with [\d.]+ \w+ in/),
  });
  expect(said.stderr.trim().split('\n').sort()).toEqual([
    'note: "fifo" is a FIFO',
    'note: "out" is a link that leads out of the directory',
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(file).size).toBeLessThan(1024 ** 2);

  expect(await running().cli('import', file, '--id', 'globex')).toMatchObject({
    status: 0,
    stdout: 'globex imported, active: app:globex\n',
  });
  const copy = join(running().dataDir, 'globex');
  expect(numbersIn(copy)).toEqual([1, 2, 3]);
  expect(readFileSync(join(copy, 'again'), 'utf8')).toBe('text');
  expect(lstatSync(join(copy, 'again'))).toMatchObject({ nlink: 2 });
  expect(readlinkSync(join(copy, 'link'))).toBe('files/a\nb');
  expect(lstatSync(join(copy, 'holes'))).toMatchObject({ size: 1024 ** 3 });
  expect(lstatSync(join(copy, 'holes')).blocks).toBeLessThan(100);
  if (isRoot) expect(statSync(copy).uid).not.toBe(statSync(dir).uid);
  const view = JSON.parse((await running().api('/api/tenants/globex')).body);
  expect(view).toMatchObject({ state: 'active', labels: { region: 'eu' }, variables: ['COLOUR'], operation: null });
  expect((await write(running(), 'globex', 4)).status).toBe(201);
  expect(leftovers(running())).toEqual([]);
});

it('an archive passes through stdout and stdin, under its own id', async () => {
  await tenantOf(running(), 'piped', 7);
  const file = join(running().dir, 'piped.tar.zst');
  expect(await running().cli('export', 'piped', '-o', '-', '--json')).toMatchObject({ status: 2 });
  const words = `"$0" "$1" export piped -c "$2" -o - > "$3"`;
  execFileSync('sh', ['-c', words, process.execPath, 'bin/tenement.js', running().configFile, file], {
    env: { ...process.env, XDG_RUNTIME_DIR: running().dir },
  });
  await running().cli('tenant', 'rm', 'piped', '--purge', '--yes');
  const { stdout } = await running().cli('import', file, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ id: 'piped', notes: [] });
  expect(numbersIn(join(running().dataDir, 'piped'))).toEqual([7]);
});

const withUnshare = isRoot ? it : it.skip;

withUnshare(
  'a command in another pid namespace gets the archive sent, because the server cannot reach its file',
  async () => {
    await tenantOf(running(), 'elsewhere', 8);
    const file = join(running().dir, 'elsewhere.tar.zst');
    const words = ['--pid', '--fork', '--mount-proc', process.execPath, 'bin/tenement.js', 'export', 'elsewhere'];
    execFileSync('unshare', [...words, '-c', running().configFile, '-o', file], {
      env: { ...process.env, XDG_RUNTIME_DIR: running().dir },
    });
    await running().cli('tenant', 'rm', 'elsewhere', '--purge', '--yes');
    expect(await running().cli('import', file)).toMatchObject({ status: 0 });
    expect(numbersIn(join(running().dataDir, 'elsewhere'))).toEqual([8]);
  },
);

it('an export is written into a FIFO, not over it (bug: a file took the place of /dev/null)', async () => {
  await tenantOf(running(), 'fifo');
  const fifo = join(running().dir, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const [said, archive] = await Promise.all([
    running().cli('export', 'fifo', '-o', fifo),
    new Promise<string>((resolve, reject) =>
      execFile('zstd', ['-dc', fifo], (error, stdout) => (error ? reject(error) : resolve(stdout))),
    ),
  ]);
  expect(said).toMatchObject({ status: 0, stdout: expect.stringMatching(/files with [^ ]+ \w+\n$/) });
  expect(archive).toContain('"id": "fifo"');
  expect(lstatSync(fifo).isFIFO()).toBe(true);
});

it('an import over the storage limit of its service is refused, and so is one in place of another tenant', async () => {
  await tenantOf(running(), 'small');
  const large = await archiveOf([{ name: 'data/x', text: Buffer.alloc(65 * 1024 ** 2) }]);
  expect(JSON.parse((await upload(running(), '/api/tenants/large/import?service=app', large)).body)).toMatchObject({
    code: 'bad_archive',
    detail: 'the archive is refused: it would take more than the storage limit of 64 MB',
  });
  expect((await upload(running(), '/api/tenants/small/import?service=app', await archiveOf([]))).status).toBe(409);
  expect((await upload(running(), '/api/tenants/none/import?service=nope', await archiveOf([]))).status).toBe(404);
  mkdirSync(join(running().dataDir, 'orphan'));
  expect(JSON.parse((await upload(running(), '/api/tenants/orphan/import', await archiveOf([]))).body)).toMatchObject({
    code: 'already_exists',
  });
  expect(readdirSync(join(running().dataDir, 'orphan'))).toEqual([]);
  expect(leftovers(running())).toEqual([]);
});

it('while a tenant is copied no other operation on it begins, and it ends when its client leaves', async () => {
  const dir = await tenantOf(running(), 'slow');
  // More than fits into the buffers of all that the archive passes through.
  writeFileSync(join(dir, 'random'), Buffer.concat(Array.from({ length: 400 }, () => randomBytes(64 * 1024))));
  const server = running();
  const begun = exportUnread(server, 'slow');
  expect(await begun.answered).toBe(200);
  const view = JSON.parse((await server.api('/api/tenants/slow')).body);
  expect(view.operation).toMatchObject({ kind: 'export', totalFiles: expect.any(Number) });
  for (const words of [
    ['tenant', 'set', 'slow', '--label', 'a=b'],
    ['tenant', 'rm', 'slow'],
    ['rm', 'app:slow'],
    ['export', 'slow', '-o', '/dev/null'],
    ['clone', 'slow', '--id', 'slower'],
  ])
    expect(await server.cli(...words)).toMatchObject({ status: 1, stderr: expect.stringContaining('(tenant_busy)') });
  expect((await server.get('slow.localhost')).status).toBe(200);
  begun.leave();
  await expect.poll(async () => JSON.parse((await server.api('/api/tenants/slow')).body).operation).toBeNull();
  expect(leftovers(running())).toEqual([]);
  expect(server.processesOf('slow')).toHaveLength(1);
  expect(await server.cli('tenant', 'set', 'slow', '--label', 'a=b')).toMatchObject({ status: 0 });
});

it('secrets are in an archive only under a passphrase, which opens them again', async () => {
  await tenantOf(running(), 'secretive');
  const server = running();
  await setSecret(server, 'secretive', 'API_KEY', 'never-in-clear');
  const plain = await exportedBy(running(), 'secretive');
  expect(execFileSync('zstd', ['-dc', plain]).includes('never-in-clear')).toBe(false);
  const passphrase = join(server.dir, 'passphrase');
  writeFileSync(passphrase, 'correct horse\n');
  const sealed = await exportedBy(running(), 'secretive', '--passphrase-file', passphrase);
  expect(execFileSync('zstd', ['-dc', sealed]).includes('never-in-clear')).toBe(false);

  const without = await server.cli('import', sealed, '--id', 'without', '--no-start');
  expect(without).toMatchObject({
    status: 0,
    stderr: 'note: its secrets were left out, because no passphrase was given\n',
  });
  expect(await secretsOf(server, 'without')).toEqual([]);

  writeFileSync(join(server.dir, 'wrong'), 'incorrect horse\n');
  const wrong = await server.cli('import', sealed, '--id', 'wrong', '--passphrase-file', join(server.dir, 'wrong'));
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('(bad_passphrase)') });

  expect(
    await server.cli('import', sealed, '--id', 'with', '--no-start', '--passphrase-file', passphrase),
  ).toMatchObject({ status: 0 });
  expect(await secretsOf(server, 'with')).toEqual(['API_KEY']);
  await server.cli('clone', 'secretive', '--id', 'cloned', '--no-start');
  expect(await secretsOf(server, 'cloned')).toEqual(['API_KEY']);
});

it('an import under its own id gives a tenant back the domains that are free, and names the others', async () => {
  const server = running();
  await tenantOf(server, 'owner');
  for (const host of ['kept.example', 'taken.example']) await server.cli('domain', 'add', 'owner', host);
  const file = await exportedBy(server, 'owner');
  const elsewhere = await server.cli('import', file, '--id', 'heir', '--no-start');
  expect(elsewhere.stderr).toBe(
    'note: domains lead to one tenant, so these stay with owner: kept.example, taken.example\n',
  );
  await server.cli('tenant', 'rm', 'owner', '--purge', '--yes');
  await server.cli('domain', 'add', 'heir', 'taken.example');
  expect((await server.get('kept.example')).status).toBe(404);
  const { stderr } = await server.cli('import', file);
  expect(stderr).toBe('note: taken.example is not given back: taken.example belongs to app:heir\n');
  expect((await server.get('kept.example')).status).toBe(200);
  const list = JSON.parse((await server.cli('domain', 'ls', '--json')).stdout);
  expect(list.map(({ domain, tenant }: Record<string, string>) => `${domain} ${tenant}`)).toEqual([
    'kept.example owner',
    'taken.example heir',
  ]);
});
