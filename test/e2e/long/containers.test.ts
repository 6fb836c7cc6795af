/** The requirements of docs/containers.md, tested under the restrictions of such a container. */
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { closedToOthers } from '../../../src/process/isolation/dynamic-user.ts';
import { findProgram, quoted } from '../../../src/process/launch/wrapper.ts';
import { MAIN } from '../follower.ts';
import { temporaryDirectory } from '../support.ts';
import { TestServer } from '../test-server.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PATIENCE_MS = 60_000;
/** Other users must be able to run the server, too. */
const isClosed = [MAIN, process.execPath].some((path) => closedToOthers(path) !== null);
const noRoot = isClosed || (process.env['CI'] !== 'true' && process.getuid?.() !== 0);
const has = (program: string) => process.env['CI'] === 'true' || findProgram(program) !== null;

interface Recipe {
  readonly title: string;
  readonly keys: string;
  /** Options of `docker run`. */
  readonly flags: string;
}

function readRecipes(): Recipe[] {
  const [, ...sections] = readFileSync(join(ROOT, 'docs/containers.md'), 'utf8').split(/^## /m);
  return sections.flatMap((text) => {
    const [title = ''] = text.split('\n');
    const [, keys] = /^```toml\n(.*?)^```/ms.exec(text) ?? [];
    const [, flags] = /^```sh\n(.*?)^```/ms.exec(text) ?? [];
    return keys === undefined || flags === undefined ? [] : [{ title: title.replaceAll('`', ''), keys, flags }];
  });
}

const RECIPES = readRecipes();

/** Words before a command that restrict it like a container: read-only cgroups, masked /proc, few capabilities. */
function containment({ flags }: Recipe, dir: string): string[] {
  const capabilities = [...flags.matchAll(/--cap-add=(\w+)/g)].map(([, name = '']) => name.toLowerCase());
  const isFiltered = !flags.includes('seccomp=unconfined') && !capabilities.includes('sys_admin');
  const user = userOf(flags);
  const mounts = [
    'for at in /sys/fs/cgroup /sys/fs/cgroup/*/; do mount --bind $at $at; mount -o remount,bind,ro $at; done',
    ...(flags.includes('systempaths=unconfined') ? [] : ['mount -t tmpfs -o ro none /proc/irq']),
    'exec "$@"',
  ];
  return [
    ...['unshare', '-m', '/bin/sh', '-e', '-c', mounts.join('\n'), 'sh'],
    ...(isFiltered ? filtered(dir) : []),
    ...[
      'setpriv',
      `--bounding-set=${['-all', ...capabilities.map((name) => `+${name}`)].join(',')}`,
      '--inh-caps=-all',
    ],
    ...(user === null ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups']),
  ];
}

function userOf(flags: string): number | null {
  const [, user] = /--user (\d+):/.exec(flags) ?? [];
  return user === undefined ? null : Number(user);
}

const ALLOW = 0x7fff_0000;
const ERRNO = 0x0005_0000;
const CLONE_NEWUSER = 0x1000_0000;

/** Installs the filter by prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER), as root may; then the command replaces it. */
const APPLIES = `
import ctypes, os, sys
program = ctypes.create_string_buffer(open(sys.argv[1], 'rb').read())
class Filter(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('program', ctypes.c_void_p)]
given = Filter(len(program) // 8, ctypes.addressof(program))
if ctypes.CDLL(None).prctl(22, 2, ctypes.byref(given), 0, 0) != 0:
    sys.exit('no filter')
os.execvp(sys.argv[2], sys.argv[2:])`;

/**
 * The seccomp profile of a container, as far as it matters here: clone(2) and unshare(2) make no user namespace (EPERM),
 * and there is no clone3(2) (ENOSYS). Classic BPF: code, jump if true, jump if false, k.
 */
function filtered(dir: string): string[] {
  const [clone = 0, unshare = 0] = process.arch === 'arm64' ? [220, 97] : [56, 272];
  const program: readonly (readonly [number, number, number, number])[] = [
    [0x20, 0, 0, 0],
    [0x15, 6, 0, 435],
    [0x15, 1, 0, clone],
    [0x15, 0, 3, unshare],
    [0x20, 0, 0, 16],
    [0x45, 0, 1, CLONE_NEWUSER],
    [0x06, 0, 0, ERRNO + 1],
    [0x06, 0, 0, ALLOW],
    [0x06, 0, 0, ERRNO + 38],
  ];
  const bytes = program.map(([code, yes, no, k]) => {
    const instruction = Buffer.alloc(8);
    instruction.writeUInt16LE(code, 0);
    instruction.writeUInt8(yes, 2);
    instruction.writeUInt8(no, 3);
    instruction.writeUInt32LE(k, 4);
    return instruction;
  });
  const file = join(dir, 'filter');
  writeFileSync(file, Buffer.concat(bytes));
  return ['/usr/bin/python3', '-c', APPLIES, file];
}

/** Root of a user namespace in which there are 65,536 users, as in a rootless container; then the command takes its place. */
const ROOTLESS = `
import ctypes, os, sys
parent = os.getpid()
ready, made = os.pipe()
mapped, done = os.pipe()
if os.fork() == 0:
    os.read(ready, 1)
    for name in ('uid_map', 'gid_map'):
        open(f'/proc/{parent}/{name}', 'w').write('0 100000 65536')
    os.write(done, b'x')
    os._exit(0)
ctypes.CDLL(None).unshare(0x10000000)
os.write(made, b'x')
os.read(mapped, 1)
os.wait()
os.setgid(0)
os.setuid(0)
for end in (ready, made, mapped, done):
    os.close(end)
os.execvp(sys.argv[1], sys.argv[1:])`;

interface Scene {
  readonly dir: string;
  readonly configFile: string;
  readonly words: readonly string[];
}

function prepare(recipe: Recipe): Scene {
  const dir = temporaryDirectory();
  const configFile = join(dir, 'tenement.toml');
  cpSync(join(ROOT, 'examples/python/app.py'), join(dir, 'app/app.py'));
  const service = `[service.app]\ncommand = "/usr/bin/python3 app.py"\nworkdir = "app"\n${recipe.keys}`;
  writeFileSync(configFile, `[settings]\ndata_dir = "data"\nruntime_dir = "run"\n${service}`);
  const user = userOf(recipe.flags);
  if (user !== null) chownSync(dir, user, user);
  return { dir, configFile, words: containment(recipe, dir) };
}

function check({ words, configFile }: Scene) {
  const [file = '', ...args] = [...words, process.execPath, MAIN, 'check', '-c', configFile];
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: PATIENCE_MS });
  return { status, said: `${stdout}${stderr}` };
}

describe.skipIf(noRoot)('docs/containers.md (needs root, bubblewrap and runsc; programs that others may run)', () => {
  it('has a recipe for each level', () => {
    expect(RECIPES.map(({ title }) => title)).toEqual([
      'process, tenants of one user',
      'process, a user for each tenant',
      'namespace, a user for each tenant',
      'namespace, tenants of one user',
      'sandbox',
    ]);
  });

  for (const recipe of RECIPES)
    it.skipIf(!has('bwrap') || (recipe.title === 'sandbox' && !has('runsc')))(`${recipe.title}: runs`, async () => {
      const scene = prepare(recipe);
      expect(check(scene)).toEqual({ status: 0, said: expect.stringMatching(/^1 service, ok$/m) });
      const server = new TestServer(scene.dir, scene.configFile, []);
      onTestFinished(() => server.dispose());
      server.prelude = `set -- ${scene.words.map(quoted).join(' ')} "$@"`;
      await server.start();
      const { socket } = await spawned(server);
      expect(socket).toContain(scene.dir);
      expect((await server.get('acme.localhost')).body).toBe('acme: visit 1\n');
      await server.api('/api/instances/app:acme/restart', { method: 'POST' });
      expect((await server.get('acme.localhost')).body).toBe('acme: visit 2\n');
      expect((await server.api('/api/instances/app:acme?purge=true', { method: 'DELETE' })).status).toBe(204);
    });

  it('a user for each tenant in a rootless container needs dynamic_uids that exist there', () => {
    const text = readFileSync(join(ROOT, 'docs/containers.md'), 'utf8');
    const [range = ''] = /dynamic_uids = "[\d-]+"/.exec(text) ?? [];
    const scene = prepare({ title: '', flags: '', keys: 'user = "dynamic"\n' });
    chownSync(scene.dir, 100_000, 100_000);
    const words = ['/usr/bin/python3', '-c', ROOTLESS];
    expect(check({ ...scene, words })).toEqual({ status: 1, said: expect.stringMatching(/EINVAL.*\n.*dynamic_uids/) });
    const config = readFileSync(scene.configFile, 'utf8');
    writeFileSync(scene.configFile, config.replace('[settings]\n', `[settings]\n${range}\n`));
    expect(check({ ...scene, words })).toEqual({ status: 0, said: expect.stringMatching(/^1 service, ok$/m) });
  });

  it.skipIf(!has('bwrap')).each([
    ['seccomp=unconfined', /bwrap: No permissions to create.* namespace/, /seccomp profile/],
    ['systempaths=unconfined', /bwrap: Can't mount proc/, /must not mask/],
    ['--cap-add=KILL', /cannot be ended/, /CAP_KILL/],
  ])('a user for each tenant at namespace takes %s', (flag, message, hint) => {
    const recipe = RECIPES.find(({ title }) => title === 'namespace, a user for each tenant');
    expect(recipe?.flags).toContain(flag);
    const { status, said } = check(
      prepare({ title: '', keys: '', ...recipe, flags: recipe?.flags.replace(flag, '') ?? '' }),
    );
    expect(status).toBe(1);
    expect(said).toMatch(message);
    expect(said).toMatch(hint);
  });
});

async function spawned(server: TestServer): Promise<{ socket: string }> {
  const body = JSON.stringify({ service: 'app', id: 'acme' });
  const headers = { 'content-type': 'application/json' };
  const answer = await server.api('/api/instances', { method: 'POST', headers, body });
  expect([answer.status, answer.status === 201 ? '' : answer.body]).toEqual([201, '']);
  return JSON.parse(answer.body);
}
