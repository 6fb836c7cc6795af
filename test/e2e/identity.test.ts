/** examples/identity: applications that expect to be told the tenant run unchanged, and keys change under them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { MAIN } from './follower.ts';
import { temporaryDirectory } from './support.ts';
import { TestServer } from './test-server.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/identity', import.meta.url));

interface Issuer {
  readonly port: number;
  readonly process: ChildProcess;
  post(path: string): Promise<string>;
}

async function startIssuer(port = 0): Promise<Issuer> {
  const issuer = spawn(process.execPath, [join(EXAMPLE, 'issuer.js'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void issuer.kill('SIGKILL'));
  const [line] = (await once(createInterface(issuer.stdout), 'line')) as [string];
  const bound = Number(line.replace('port ', ''));
  const post = async (path: string) => (await fetch(`http://127.0.0.1:${bound}${path}`, { method: 'POST' })).text();
  return { port: bound, process: issuer, post };
}

/** Changes the served config, and waits until it is served. */
async function reloads(server: TestServer, change: (text: string) => string): Promise<void> {
  writeFileSync(server.configFile, change(readFileSync(server.configFile, 'utf8')));
  await server.event(null, 'reloaded');
}

/** Serves the example's config, with an issuer's port and other keys of `[proxy]`. */
async function serveExample(issuer: Issuer, proxyKeys: string): Promise<TestServer> {
  const dir = temporaryDirectory();
  const config = join(dir, 'tenement.toml');
  const text = readFileSync(join(EXAMPLE, 'tenement.toml'), 'utf8')
    .replaceAll('127.0.0.1:7400', `127.0.0.1:${issuer.port}`)
    .replaceAll('node ', `node ${EXAMPLE}/`)
    .replace('[proxy]\n', `[proxy]\n${proxyKeys}\n`);
  writeFileSync(config, text);
  const server = new TestServer(dir, config, []);
  onTestFinished(() => server.dispose());
  await server.start();
  const headers = { 'content-type': 'application/json' };
  for (const id of ['acme', 'globex']) {
    const body = JSON.stringify({ id, services: ['orders', 'matcher'] });
    const { status } = await server.api('/api/tenants', { method: 'POST', headers, body });
    expect(status).toBe(201);
  }
  return server;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

it('both applications serve the tenant that host, path, header or token names, and no tenant that a client claims', async () => {
  const issuer = await startIssuer();
  const server = await serveExample(issuer, '');
  const [acme, globex] = [await issuer.post('/token?tenant_id=acme'), await issuer.post('/token?tenantId=globex')];
  const json = async (host: string, path: string, headers = {}, method = 'GET') =>
    JSON.parse((await server.get(host, path, { method, headers })).body);
  const status = async (host: string, path: string, headers = {}) => (await server.get(host, path, { headers })).status;

  const hat = { tenant: 'acme', orders: ['hat'] };
  expect(await json('acme.localhost', '/orders?item=hat', {}, 'POST')).toMatchObject(hat);
  expect(await json('localhost', '/t/acme/orders')).toEqual({ ...hat, links: { self: '/t/acme/orders' } });
  expect(await json('localhost', '/t/globex/orders')).toMatchObject({ tenant: 'globex', orders: [] });
  expect(await json('localhost', '/orders', bearer(acme))).toMatchObject(hat);
  const contexts = '/v1/contexts';
  const one = { tenant: 'acme', contexts: ['one'] };
  expect(await json('matcher.localhost', `${contexts}?name=one`, bearer(acme), 'POST')).toEqual(one);
  expect(await json('matcher.localhost', contexts, bearer(globex))).toEqual({ tenant: 'globex', contexts: [] });
  expect(await json('matcher.localhost', contexts, { cookie: `session=${acme}` })).toEqual(one);

  // The middleware trusts the header, so it must see the tenant that the proxy names.
  const claimed = { 'x-tenant-id': 'acme' };
  expect(await json('globex.localhost', '/orders', claimed)).toMatchObject({ tenant: 'globex', orders: [] });
  expect(await status('localhost', '/orders', claimed)).toBe(401);
  expect(await status('globex.localhost', '/orders', bearer(acme))).toBe(403);
  expect(await status('localhost', '/t/globex/orders', bearer(acme))).toBe(403);
  expect(await status('localhost', '/t/acme/%2e%2e/globex/orders')).toBe(400);
  const { body: metrics } = await server.api('/metrics');
  expect(metrics).toMatch(/^tenement_token_keys 1$/m);
  expect(metrics).toMatch(/^tenement_identity_refused_total\{reason="mismatch"\} 2$/m);
  expect(server.stderr).toMatch(/"reason":"mismatch","requests":1,"sources":\["host","jwt:tenant_id,tenantId"\]/);
  expect(server.stderr).not.toContain(acme.split('.')[1]);

  // The test connects from 127.0.0.1, and now plays the gateway.
  await reloads(server, (text) => text.replace('["127.0.0.2"]', '["127.0.0.1"]'));
  expect(await json('localhost', '/orders', claimed)).toMatchObject(hat);
  expect(await status('localhost', '/orders', { 'x-tenant-id': 'nobody' })).toBe(404);
});

it('keys change while two proxy workers serve: new ones are found, withdrawn ones refused, known ones need no issuer', async () => {
  const issuer = await startIssuer();
  const server = await serveExample(issuer, 'workers = 2');
  const status = async (token: string) =>
    (await server.get('matcher.localhost', '/v1/contexts', { headers: bearer(token) })).status;
  const old = await issuer.post('/token?tenant_id=acme');
  expect(await status(old)).toBe(200);
  await issuer.post('/rotate');
  const fresh = await issuer.post('/token?tenant_id=acme');
  // A new key is looked for at most once in five seconds, and the first load was at the start.
  await expect.poll(() => status(fresh), { timeout: 60_000, interval: 250 }).toBe(200);
  expect(await status(old)).toBe(200);

  await issuer.post('/withdraw');
  await reloads(server, (text) => text.replace('"session"', '"id"'));
  await expect.poll(() => status(old), { timeout: 60_000, interval: 250 }).toBe(401);

  issuer.process.kill('SIGKILL');
  await once(issuer.process, 'exit');
  const other = await startIssuer();
  for (let key = 0; key < 3; key += 1) await other.post('/rotate');
  expect(await status(await other.post('/token?tenant_id=acme'))).toBe(401);
  for (let request = 0; request < 20; request += 1) expect(await status(fresh)).toBe(200);
});

const PAGE = fileURLToPath(new URL('../../docs/identity.md', import.meta.url));
const hasPrograms = ['curl', 'openssl'].every((program) => spawnSync(program, ['--version']).error === undefined);

it.skipIf(process.env['CI'] !== 'true' && !hasPrograms)(
  'docs/identity.md: each command answers as the page says (curl, openssl)',
  async () => {
    const issuer = await startIssuer();
    const server = await serveExample(issuer, '');
    // What the test has started itself.
    const isStart = (line: string) => /issuer\.js|tenement serve|tenant create|^export/.test(line);
    const commands = readFileSync(PAGE, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('    '))
      .map((line) => line.trim())
      .filter((line) => !isStart(line));
    const script = commands.map((line, index) => {
      const [, command = '', status] = /^(.*?)(?:\s+# (\d{3}))?$/.exec(line) ?? [];
      const real = command.replaceAll(':8080', `:${server.proxyPort}`).replaceAll(':8000', `:${server.apiPort}`);
      const here = real.replaceAll('127.0.0.1:7400', `127.0.0.1:${issuer.port}`);
      return status === undefined
        ? `${here} || echo "command ${index} failed"`
        : `${here} -o /dev/null -w '%{http_code}\\n'`;
    });
    const expected = commands.flatMap((line) => / # (\d{3})$/.exec(line)?.[1] ?? []);
    expect(expected.length).toBeGreaterThan(15);
    const preamble = `
    curl() { command curl -s -m 60 "$@"; }
    tenement() { ${process.execPath} ${MAIN} "$@" > /dev/null 2>&1; }
    cd ${server.dir}
    export TENEMENT_CONFIG=${server.configFile} TENEMENT_STATE=${server.dataDir}/.tenement
  `;
    const { stdout, stderr } = spawnSync('bash', ['-c', preamble + script.join('\n')], { encoding: 'utf8' });
    expect([stdout.trim().split('\n'), stderr]).toEqual([expected, '']);
  },
);
