/** The tarball of `npm pack`, as a user without a checkout installs and runs it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../ports.ts';
import { temporaryDirectory } from '../support.ts';

const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url));
const NODE = dirname(process.execPath);
const NODE_24 = '24.22.3';
const NOBODY = 65_534;
const TIMEOUT_MS = 600_000;
/** A registry may not answer at all. */
const COMMAND_TIMEOUT_MS = 180_000;
const MIB = 1024 ** 2;

/** An application as somebody has it in a directory. */
const APP = `import { createServer } from 'node:http';
createServer((_request, response) => response.end('Hello, ' + process.env.TENANT_ID)).listen(process.env.SOCKET_PATH);
`;

let tarball = '';

/** In a copy: packing builds dist/ anew, which other tests run from. */
beforeAll(() => {
  const dir = temporaryDirectory();
  const copy = join(dir, 'copy');
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: CHECKOUT, encoding: 'utf8' });
  for (const file of files.split('\0').filter(Boolean)) cpSync(join(CHECKOUT, file), join(copy, file));
  symlinkSync(join(CHECKOUT, 'node_modules'), join(copy, 'node_modules'));
  const env = { ...process.env, PATH: `${NODE}:${process.env['PATH']}` };
  execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], {
    cwd: copy,
    env,
    stdio: 'ignore',
    timeout: COMMAND_TIMEOUT_MS,
  });
  chmodSync(dir, 0o755);
  tarball = join(dir, readdirSync(dir).find((name) => name.endsWith('.tgz')) ?? '');
}, TIMEOUT_MS);

/** Returns a directory with the `node` of a version, which a package of npm's has. */
function nodeOf(version: '24' | '26', dir: string): string {
  if (version === '26') return NODE;
  const name = `node-linux-${process.arch}`;
  execFileSync('npm', ['install', '--silent', '--prefix', dir, `${name}@${NODE_24}`], {
    stdio: 'ignore',
    timeout: COMMAND_TIMEOUT_MS,
  });
  return join(dir, 'node_modules', name, 'bin');
}

/** Which authorities and proxies this machine's programs are told of. */
const NETWORK = Object.fromEntries(Object.entries(process.env).filter(([name]) => /CERT|SSL|proxy/i.test(name)));

it('the tarball has the program, its documents, manual pages and dashboard, and nothing of its development', () => {
  const files = execFileSync('tar', ['--list', '--file', tarball], { encoding: 'utf8' }).trim().split('\n');
  const has = [
    'bin/tenement.js',
    'dist/index.d.ts',
    'dist/dashboard/index.html',
    'man/tenement.1',
    'docs/install.md',
    'LICENSE',
  ];
  expect(files).toEqual(expect.arrayContaining([...has, 'CHANGELOG.md', 'README.md'].map((file) => `package/${file}`)));
  expect(
    files.filter((file) => /^package\/(src|test|scripts|packaging|dist\/.*\.test)\b|node_modules|\.map$/.test(file)),
  ).toEqual([]);
  expect(statSync(tarball).size).toBeLessThan(3 * MIB);
});

it.each(['24', '26'] as const)(
  'on Node %s a user installs it without a build, and serves an application with it',
  async (version) => {
    const home = temporaryDirectory();
    chownSync(home, NOBODY, NOBODY);
    const prefix = join(home, 'prefix');
    const path = `${nodeOf(version, home)}:${prefix}/bin:${process.env['PATH']}`;
    const env = { ...NETWORK, PATH: path, HOME: home };
    const user = { uid: NOBODY, gid: NOBODY, env };
    const app = join(home, 'app');
    mkdirSync(app);
    writeFileSync(join(app, 'server.mjs'), APP);
    chownSync(app, NOBODY, NOBODY);
    const run = (program: string, ...words: string[]) =>
      execFileSync(program, words, { ...user, cwd: app, encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS });
    run('npm', 'install', '--global', '--silent', '--prefix', prefix, tarball);

    expect(run('node', '--version')).toMatch(new RegExp(`^v${version}\\.`));
    expect(run('tenement', '--version')).toBe(run('ten', '--version'));
    expect(run('tenement', 'init')).toContain('tenement.toml written for Node (server.mjs)');
    expect(run('tenement', 'check')).toContain('1 service, ok');
    const port = await freePort();
    const addresses = ['--proxy', `127.0.0.1:${port}`, '--api', `127.0.0.1:${await freePort()}`];
    const server = spawn('tenement', ['serve', ...addresses], {
      ...user,
      cwd: app,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => ended(server));
    await firstLine(server);
    expect(run('tenement', 'spawn', 'web', '--id', 'acme')).toContain('web:acme');
    expect(run('curl', '--silent', '--header', 'Host: acme.localhost', `http://127.0.0.1:${port}/`)).toBe(
      'Hello, acme',
    );

    expect(readdirSync(join(prefix, 'share/man/man1'))).toContain('tenement.1');
    const installed = join(prefix, 'lib/node_modules/tenement');
    expect(readdirSync(join(installed, 'docs'))).toContain('install.md');
    expect(modulesIn(installed)).toEqual(productionModules());
  },
  TIMEOUT_MS,
);

async function firstLine(server: ChildProcess): Promise<void> {
  const lines = createInterface({ input: server.stdout as NodeJS.ReadableStream });
  await Promise.race([once(lines, 'line'), once(server, 'exit').then(() => Promise.reject(new Error('it ended')))]);
}

async function ended(server: ChildProcess): Promise<void> {
  const exit = once(server, 'exit');
  server.kill('SIGINT');
  await exit;
}

const modulesIn = (dir: string) =>
  readdirSync(join(dir, 'node_modules'))
    .filter((name) => !name.startsWith('.'))
    .sort();

/** Names at the top of node_modules that package-lock.json does not call for development only. */
function productionModules(): string[] {
  const { packages } = JSON.parse(readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const names = Object.entries(packages).flatMap(([path, { dev }]) => {
    const [, name] = /^node_modules\/([^/]+)(?:\/[^/]+)?$/.exec(path) ?? [];
    return dev === true || name === undefined ? [] : [name];
  });
  return [...new Set(names)].sort();
}
