/** Real directories and links, and the resulting view in bwrap. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hiddenPaths } from '../../../src/core/service/hidden-paths.ts';
import { OverlapError } from '../../../src/core/service/layers.ts';
import type { ServiceConfig, Settings } from '../../../src/core/service/service.ts';
import { bubblewrapWords } from '../../../src/process/isolation/bubblewrap.ts';
import type { FilesystemView } from '../../../src/process/isolation/filesystem-view.ts';
import { HostSockets } from '../../../src/process/isolation/host-sockets.ts';
import { findProgram } from '../../../src/process/launch/wrapper.ts';
import { makeDir } from '../support.ts';

const BWRAP = findProgram('bwrap') ?? '';

interface Layout {
  readonly dir: string;
  readonly view: FilesystemView;
}

/** A tenant `acme` and its neighbour `globex`, with the paths that a config would have. */
function layout(
  change: { dataDir?: string; socket?: string; runtimeDir?: string } & Partial<FilesystemView> = {},
  dir = makeDir(),
): Layout {
  const {
    dataDir = join(dir, 'data'),
    runtimeDir = join(dir, 'run'),
    socket = '{runtime_dir}/{id}.sock',
    ...view
  } = change;
  const settings = {
    dataDir,
    stateDir: join(dataDir, '.tenement'),
    runtimeDir,
    cgroupRoot: null,
  } as unknown as Settings;
  const service = { name: 'api', socket } as ServiceConfig;
  const bindDir = join(runtimeDir, '.tenement-0/api-acme');
  for (const one of [bindDir, settings.stateDir, join(dataDir, 'acme'), join(dataDir, 'globex')])
    mkdirSync(one, { recursive: true });
  for (const file of ['globex/secret', '.tenement/admin.token', 'acme/mine']) writeFileSync(join(dataDir, file), file);
  writeFileSync(join(dir, 'tenement.toml'), 'secret');
  writeFileSync(join(dir, 'notify.secret'), 'secret');
  writeFileSync(join(dir, 'app.py'), 'app');
  const receiver = { url: 'https://a.example.com/', events: null, allowPrivate: false };
  const notify = [{ ...receiver, secretFile: join(dir, 'notify.secret') }];
  const file = join(dir, 'tenement.toml');
  const hidden = hiddenPaths({ settings, services: [service], file, notify, jwt: null }, 0);
  return {
    dir,
    view: {
      tenantId: 'acme',
      tenantDir: join(dataDir, 'acme'),
      secretsDir: null,
      bindDir,
      workdir: dir,
      program: '/bin/sh',
      args: [],
      path: '/usr/bin:/bin',
      hiddenPaths: hidden,
      cgroupDirs: [],
      selfDir: null,
      hidesSingleSockets: true,
      sockets: [],
      readOnlyPaths: null,
      readWritePaths: [],
      openSockets: [],
      tmpBytes: 1024 * 1024,
      network: 'none',
      opener: null,
      ...view,
    },
  };
}

/** Returns what a shell script prints in the view, or the reason for a failure. */
function inside(view: FilesystemView, script: string, ...args: string[]): string {
  const words = [...bubblewrapWords(view, null), '/bin/sh', '-c', script, 'sh', ...args];
  const { stdout, stderr } = spawnSync(BWRAP, words, { encoding: 'utf8', timeout: 60_000 });
  return `${stdout}${stderr}`.trim();
}

/** A socket that is open to everybody and says hello. */
async function listenAt(path: string): Promise<void> {
  const server = createServer((socket) => socket.end('hello')).listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  chmodSync(path, 0o777);
}

const CONNECT = `const go = () => {
  const socket = require('net').connect(process.argv[1]);
  socket.on('data', (text) => process.stdout.write(String(text)));
  socket.on('error', ({ code }) => process.argv[2] === 'wait' ? setTimeout(go, 5) : process.stdout.write(code));
};
process.argv[2] === 'wait' && process.stderr.write('begun');
go();`;

/** What the socket says to a program in the view, or the error's code. */
function connectIn(view: FilesystemView, path: string): Promise<string> {
  return connecting(view, path).said;
}

/** `wait`: tries until there is an answer; `begun` settles when the tries have begun. */
function connecting(view: FilesystemView, path: string, wait = '') {
  // The checkout may be in /tmp, where a tenant sees nothing but its program.
  const words = bubblewrapWords({ ...view, program: process.execPath }, null);
  const child = spawn(BWRAP, [...words, process.execPath, '-e', CONNECT, path, wait]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { begun: once(child.stderr, 'data'), said: readText(child.stdout) };
}

const read = (view: FilesystemView, ...paths: string[]) =>
  inside(view, 'for one; do cat "$one" 2>/dev/null || echo -; echo; done', ...paths)
    .split(/\n+/)
    .join(' ');

describe.skipIf(BWRAP === '')('the view of a tenant (apt-get install bubblewrap)', () => {
  it("has the tenant's directory and the application, and nothing of others, with the data in the workdir", () => {
    const { dir, view } = layout();
    const data = join(dir, 'data');
    const others = ['globex/secret', '.tenement/admin.token'].map((file) => join(data, file));
    const secrets = ['tenement.toml', 'notify.secret'].map((file) => join(dir, file));
    expect(read(view, join(data, 'acme/mine'), join(dir, 'app.py'), ...others, ...secrets)).toBe(
      'acme/mine app - - - -',
    );
    expect(inside(view, 'ls "$1"; touch "$2/new" && echo written', data, view.tenantDir)).toBe('acme\nwritten');
  });

  it('refuses a workdir that is the data directory, or lies in it', () => {
    const { dir } = layout();
    expect(() => inside(layout({ dataDir: dir }, dir).view, 'true')).toThrow(/lies in .*directories of their own/);
    expect(() => inside(layout({ workdir: join(dir, 'data/globex') }, dir).view, 'true')).toThrow(/globex lies in/);
  });

  it('has a workdir in the tenant directory', () => {
    const { dir } = layout();
    const { view } = layout({ workdir: join(dir, 'data/acme') }, dir);
    expect(inside(view, 'cat mine')).toBe('acme/mine');
  });

  it('shows only the file itself when the command names a file', () => {
    const elsewhere = makeDir();
    for (const name of ['app.mjs', 'key']) writeFileSync(join(elsewhere, name), name);
    const { view } = layout({ args: [join(elsewhere, 'app.mjs')] });
    expect(read(view, join(elsewhere, 'app.mjs'), join(elsewhere, 'key'))).toBe('app.mjs -');
  });

  it('shows nothing when the command names a directory, a socket or a missing path', async () => {
    const elsewhere = makeDir();
    const socket = join(elsewhere, 's');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { view } = layout({ args: [elsewhere, socket, join(elsewhere, 'app.pid')] });
    expect(inside(view, 'ls "$1"', elsewhere)).toMatch(/No such file/);
  });

  it('shows no data for a program that lies beside or in it', () => {
    const { dir } = layout();
    mkdirSync(join(dir, 'data/bin'));
    cpSync('/bin/true', join(dir, 'data/bin/app'));
    const { view } = layout({ program: join(dir, 'data/bin/app'), workdir: '/' }, dir);
    expect(read(view, join(dir, 'data/globex/secret'), join(dir, 'data/.tenement/admin.token'))).toBe('- -');
  });

  it('hides a config by its real path, whatever links lead to it', () => {
    const { dir, view } = layout();
    rmSync(join(dir, 'tenement.toml'));
    mkdirSync(join(dir, 'v1'));
    writeFileSync(join(dir, 'v1/t.toml'), 'secret');
    symlinkSync('v1', join(dir, 'current'));
    symlinkSync('current/t.toml', join(dir, 'tenement.toml'));
    expect(read(view, ...['tenement.toml', 'current/t.toml', 'v1/t.toml'].map((name) => join(dir, name)))).toBe(
      '- - -',
    );
  });

  it('shows a virtual environment by its link and its target, and what read_only_paths names in a hidden directory', () => {
    const venv = makeDir();
    mkdirSync(join(venv, 'bin'));
    writeFileSync(join(venv, 'pyvenv.cfg'), 'venv');
    symlinkSync('/bin/sh', join(venv, 'bin/python'));
    const assets = makeDir();
    writeFileSync(join(assets, 'logo'), 'logo');
    const { view } = layout({ program: join(venv, 'bin/python'), readOnlyPaths: ['/', assets] });
    expect(read(view, join(venv, 'pyvenv.cfg'), join(assets, 'logo'))).toBe('venv logo');
  });

  it('has what the config names, even through a hidden link', () => {
    const { dir, view } = layout();
    const links = makeDir();
    symlinkSync(dir, join(links, 'site'));
    const named = { ...view, workdir: join(links, 'site') };
    expect(inside(named, 'cat app.py; cat data/acme/mine; cat data/globex/secret')).toMatch(
      /^appacme\/mine.*No such file/,
    );
  });

  it('has memory of its own at /tmp, /var/tmp and /dev/shm, up to the limit', () => {
    const { view } = layout({ tmpBytes: 64 * 1024 });
    const places = ['/tmp', '/var/tmp', '/dev/shm'];
    const other = makeDir();
    writeFileSync(join(other, 'file'), '');
    const script = `for dir; do stat -c %a $dir; ls $dir; head -c 65536 /dev/zero > $dir/full && echo fits
      head -c 1 /dev/zero 2>/dev/null > $dir/more || echo full; done; echo > /dev/free && echo unbounded`;
    const said = inside({ ...view, workdir: '/usr' }, script, ...places).split('\n');
    expect(said.filter((line) => ['1777', 'fits', 'full'].includes(line))).toEqual(
      places.flatMap(() => ['1777', 'fits', 'full']),
    );
    expect(said.join(' ')).toMatch(/\/dev\/free: Read-only file system/);
    expect(said).not.toContain('unbounded');
    expect(said).not.toContain(basename(other));
    expect(places.map((dir) => existsSync(join(dir, 'full')))).toEqual([false, false, false]);
  });

  it('has that memory where it shows only the named paths of the host', () => {
    const { view } = layout({ readOnlyPaths: ['/usr', '/bin', '/lib', '/lib64'], workdir: '/usr' });
    const script = 'for dir; do echo > $dir/f && echo written; done; echo > /f';
    expect(inside(view, script, '/tmp', '/var/tmp', '/dev/shm')).toMatch(/^(written\n){3}.*\/f: Read-only file system/);
  });

  it('is writable in read_write_paths, and only where nothing of tenement or others lies', () => {
    const shared = makeDir();
    const { dir, view } = layout({ readWritePaths: [shared], workdir: '/usr' });
    expect(inside(view, 'echo > "$1/upload" && echo written', shared)).toBe('written');
    expect(existsSync(join(shared, 'upload'))).toBe(true);
    expect(() => inside({ ...view, readWritePaths: [dir] }, 'true')).toThrow(/may not write in/);
    expect(() => inside({ ...view, readWritePaths: [join(dir, 'data/globex')] }, 'true')).toThrow(/cannot see it/);
    symlinkSync(join(dir, 'data'), join(shared, 'link'));
    expect(() => inside({ ...view, readWritePaths: [join(shared, 'link')] }, 'true')).toThrow(OverlapError);
    expect(() => inside({ ...view, readWritePaths: [join(shared, 'no')] }, 'true')).toThrow(/does not exist/);
  });

  it('allows connections to the named sockets, and to no others beside them', async () => {
    const dir = makeDir();
    const visible = mkdtempSync('/var/lib/tnm-');
    onTestFinished(() => rmSync(visible, { recursive: true, force: true }));
    const paths = [join(dir, 'db'), join(dir, 'other'), join(visible, 'db'), join(visible, 'other')];
    for (const path of paths) await listenAt(path);
    const { view } = layout({ workdir: '/usr' });
    const openSockets = [join(dir, 'db'), join(visible, 'db')];
    const named = { ...view, openSockets, sockets: paths };
    expect(await Promise.all(paths.map((path) => connectIn(named, path)))).toEqual([
      'hello',
      'ENOENT',
      'hello',
      'ECONNREFUSED',
    ]);
    expect(() => inside({ ...view, openSockets: ['/etc/passwd'] }, 'true')).toThrow(/neither a socket nor a directory/);
  });

  it('allows connections to new listeners in a named directory of sockets', async () => {
    const dir = makeDir();
    const { view } = layout({ workdir: '/usr', openSockets: [dir] });
    const { begun, said } = connecting(view, join(dir, 'db'), 'wait');
    await begun;
    await listenAt(join(dir, 'db'));
    expect(await said).toBe('hello');
  });

  it("allows no connection to a host's socket in a visible directory", async () => {
    const dir = mkdtempSync('/var/lib/tnm-');
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    chmodSync(dir, 0o755);
    const { view } = layout({ workdir: dir });
    mkdirSync(join(dir, 'db'));
    const [beside, apart] = [join(dir, 's'), join(dir, 'db/s')];
    for (const path of [beside, apart]) await listenAt(path);
    const listening = await new HostSockets().listening([]);
    const around = { ...view, sockets: listening.filter((path) => path.startsWith(dir)) };
    expect([await connectIn(around, beside), await connectIn(around, apart)]).toEqual(['ECONNREFUSED', 'ENOENT']);
  });
});
