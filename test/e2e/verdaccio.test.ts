import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { serveFile, type TestServer, temporaryDirectory } from './support.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/verdaccio', import.meta.url));
const RESOLVE_LOCALHOST = fileURLToPath(new URL('../fixtures/resolve-localhost.cjs', import.meta.url));
const missing = !existsSync(join(EXAMPLE, 'node_modules/.bin/verdaccio')) && process.env['CI'] !== 'true';

const MANIFEST = { name: 'acme-secret', version: '1.0.0', main: 'index.js' };

it.skipIf(missing)(
  'a registry for each customer: published, installed, asleep, woken by npm (npm ci --prefix examples/verdaccio)',
  { timeout: 120_000 },
  async () => {
    const dir = temporaryDirectory();
    const server = await serveFile(join(EXAMPLE, 'tenement.toml'), dir);
    const registry = (tenant: string) => `http://${tenant}.localhost:${server.proxyPort}/`;
    const token = await addUser(server, 'acme.localhost');
    const npm = npmClient(dir, registry('acme'), token);

    const source = project(dir, 'source', MANIFEST);
    writeFileSync(join(source, 'index.js'), 'module.exports = "only acme has this"\n');
    await npm(source, 'publish');

    const first = project(dir, 'first', { name: 'first', version: '1.0.0' });
    await npm(first, 'install', 'acme-secret');
    expect(readFileSync(join(first, 'node_modules/acme-secret/index.js'), 'utf8')).toContain('only acme');

    expect((await server.cliOverHttp('sleep', 'registry:acme')).status).toBe(0);
    expect(await server.instance('registry:acme')).toMatchObject({ state: 'asleep', pid: null });
    const second = project(dir, 'second', { name: 'second', version: '1.0.0' });
    await npmClient(dir, registry('acme'), token, 'fresh')(second, 'install', 'acme-secret');
    expect(existsSync(join(second, 'node_modules/acme-secret/index.js'))).toBe(true);
    expect(await server.instance('registry:acme')).toMatchObject({ state: 'ready', wakes: 1 });

    expect((await server.get('acme.localhost', '/acme-secret')).status).toBe(200);
    expect((await server.get('globex.localhost', '/acme-secret')).status).toBe(404);
  },
);

async function addUser(server: TestServer, host: string): Promise<string> {
  const body = JSON.stringify({ name: 'dev', password: 'not-a-secret-1', email: 'dev@example.com', type: 'user' });
  const headers = { 'content-type': 'application/json' };
  const answer = await server.get(host, '/-/user/org.couchdb.user:dev', { method: 'PUT', headers, body });
  expect(answer.status).toBe(201);
  return JSON.parse(answer.body).token;
}

function project(dir: string, name: string, manifest: object): string {
  const path = join(dir, name);
  mkdirSync(path);
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest));
  return path;
}

/** The npm client with a home of its own, so that no other configuration applies, and with an empty cache. */
function npmClient(dir: string, registry: string, token: string, cache = 'cache') {
  const userconfig = join(dir, 'npmrc');
  const host = registry.replace('http:', '');
  writeFileSync(userconfig, `registry=${registry}\n${host}:_authToken=${token}\naudit=false\nfund=false\n`);
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    NODE_OPTIONS: `--require ${RESOLVE_LOCALHOST}`,
    npm_config_userconfig: userconfig,
    npm_config_cache: join(dir, cache),
  };
  return (cwd: string, ...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile('npm', args, { cwd, env }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`npm ${args.join(' ')}: ${stderr}`));
      });
    });
}
