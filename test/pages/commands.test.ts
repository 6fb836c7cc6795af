/** The commands of several pages, against a real server. Pages that need more have a test of their own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { serveFile, type TestServer, temporaryDirectory, writeConfig } from '../e2e/support.ts';
import { probeFile } from '../e2e/verify-pairs.ts';
import { startReceiver } from '../notify/receiver.ts';
import { PageShell, type Step, stepsOf } from './page-shell.ts';

const PATIENCE_MS = 60_000;
const isRoot = process.getuid?.() === 0;
const isMissing = (program: string) => process.env['CI'] !== 'true' && spawnSync('which', [program]).status !== 0;

interface PageCase {
  readonly page: string;
  readonly config?: string;
  /** Programs that the page's commands use. */
  readonly needs?: readonly string[];
  /** What is there before the page begins. */
  readonly before?: (server: TestServer) => Promise<unknown>;
  /** What the page calls otherwise. */
  readonly names?: (server: TestServer) => Record<string, string>;
  /** Commands whose figures differ from the page's: only their status is compared. */
  readonly ownFigures?: RegExp;
  readonly after?: (server: TestServer) => Promise<void>;
}

const SERVICE = `[service.api]\ncommand = "node {fixtures}/tenant.mjs"\nhealth = "/health"\n`;
const PLANS = '[plan.pro]\n[plan.free]\n[tenants]\ndefault_plan = "free"\n';
const spawned = async (server: TestServer, ...ids: string[]) => {
  for (const id of ids) expect((await server.cli('spawn', 'api', '--id', id)).status).toBe(0);
};
const adminToken = (server: TestServer) => ({
  $TENEMENT_TOKEN: readFileSync(join(server.dataDir, '.tenement/admin.token'), 'utf8').trim(),
});

const PAGES: readonly PageCase[] = [
  { page: 'docs/limits.md', names: adminToken },
  { page: 'docs/tokens.md', names: adminToken },
  { page: 'docs/tenants.md', config: `${SERVICE}${PLANS}`, ownFigures: /tenant (set|ls)/ },
  {
    page: 'docs/domains.md',
    // The last command asks to verify a domain that the page has added before, which changes nothing.
    ownFigures: /--verify/,
    after: async (server) => {
      const { domains } = JSON.parse((await server.api('/api/domains')).body);
      expect(domains).toMatchObject([{ domain: 'shop.acme.org', state: 'active' }]);
      expect((await server.get('shop.acme.org')).status).toBe(200);
    },
  },
  {
    page: 'docs/archives.md',
    before: (server) => spawned(server, 'acme'),
    names: ({ dir }) => {
      const file = join(dir, 'acme.tar.zst');
      return { 'acme.tar.zst': file, 'export acme': `export acme -o ${file}` };
    },
    ownFigures: /export/,
    after: async (server) => {
      for (const id of ['acme', 'globex', 'acme-test']) expect((await server.get(`${id}.localhost`)).status).toBe(200);
    },
  },
  {
    page: 'docs/cli.md',
    config: `${SERVICE}${PLANS}`,
    before: async (server) => {
      await spawned(server, 'acme', 'globex');
      await server.cli('tenant', 'set', 'acme', '--plan', 'pro', '--label', 'region=eu');
      for (const completions of ['.zfunc', '.config/fish/completions'])
        mkdirSync(join(server.dir, completions), { recursive: true });
    },
    names: ({ dir }) => ({ '~/': `${dir}/`, 'wake api:acme api:globex': 'wake api:acme' }),
    after: async (server) => {
      // `stop --all --plan free` and `tenant stop` were for the tenant on that plan alone.
      expect((await server.get('acme.localhost')).status).toBe(200);
      expect((await server.get('globex.localhost')).status).toBe(503);
      expect(readFileSync(join(server.dir, '.zfunc/_tenement'), 'utf8')).toContain('#compdef');
    },
  },
  { page: 'docs/usage.md', before: (server) => spawned(server, 'acme'), ownFigures: /usage/ },
  {
    page: 'docs/operating.md',
    needs: ['sqlite3', 'python3', 'script'],
    config: `${SERVICE}workdir = "./app"\n`,
    before: async (server) => {
      await spawned(server, 'acme');
      writeFileSync(join(server.dir, 'app/manage.py'), 'import sys\nassert sys.argv[1] == "createsuperuser"\n');
      writeFileSync(join(server.dir, 'dump.sql'), 'CREATE TABLE notes (text);\n');
    },
    names: ({ dir, dataDir }) => ({
      'dump.sql': join(dir, 'dump.sql'),
      'data/.tenement': join(dataDir, '.tenement'),
      'api:acme -it -- sh': 'api:acme -- sh',
    }),
  },
  {
    page: 'docs/verify.md',
    config: `[service.notes]\ncommand = "node {fixtures}/notes.mjs"\n${isRoot ? 'user = "dynamic"\n' : ''}`,
    before: async (server) => {
      for (const id of ['acme', 'globex']) await server.cli('spawn', 'notes', '--id', id);
    },
    names: (server) => ({ 'notes.http': probeFile(server), globex: isRoot ? 'globex' : 'globex --allow-shared' }),
    ownFigures: /verify/,
  },
  {
    page: 'docs/front-servers.md',
    names: ({ dir }) => ({ '/etc/nginx/conf.d': dir, '/etc/nginx': dir, '/etc/caddy': dir }),
    ownFigures: /front/,
    after: async ({ dir }) => {
      for (const file of ['nginx.conf', 'tenement.conf', 'Caddyfile'])
        expect(readFileSync(join(dir, file), 'utf8')).toContain('api');
    },
  },
];

it.each(PAGES.map((one) => [one.page, one] as const))(
  '%s: each command does what the page says',
  {
    timeout: 3 * PATIENCE_MS,
  },
  async (page, { config = SERVICE, needs = [], before, names, ownFigures = /^$/, after }) => {
    const missing = needs.filter(isMissing);
    expect(missing, 'programs to install').toEqual([]);
    const dir = temporaryDirectory();
    mkdirSync(join(dir, 'app'));
    const file = join(dir, 'tenement.toml');
    writeConfig(file, config);
    const server = await serveFile(file, dir);
    await before?.(server);
    const steps = stepsOf(page);
    expect(steps.length).toBeGreaterThan(0);
    const shell = new PageShell(server, names?.(server) ?? {});
    for (const { command, output } of steps)
      await shell.expect({ command, output: ownFigures.test(command) ? '' : output });
    await after?.(server);
  },
);

it('docs/notifications.md: each command does what the page says', async () => {
  const receiver = await startReceiver();
  receiver.answer = ({ event }) => (event.type === 'test' ? 200 : 500);
  const dir = temporaryDirectory();
  const [, table = ''] = /^```toml\n(.*?)^```/ms.exec(readFileSync('docs/notifications.md', 'utf8')) ?? [];
  const file = join(dir, 'tenement.toml');
  const [makeSecret, ...steps] = stepsOf('docs/notifications.md');
  expect(steps).toHaveLength(3);
  const inDir = (command: string) => spawnSync('bash', ['-c', command], { cwd: dir, encoding: 'utf8' });
  expect(inDir(makeSecret?.command ?? '')).toMatchObject({ status: 0, stderr: '' });
  const local = table
    .replace('https://hooks.example.com/tenement', receiver.url)
    .replace('"failed"', '"failed", "spawned"');
  writeConfig(file, `${SERVICE}\n${local}allow_private = true\n`);
  const server = await serveFile(file, dir);
  const shell = new PageShell(server, { 'https://hooks.example.com/tenement': receiver.url });
  const [check, test, ls] = steps as [Step, Step, Step];
  await shell.expect(check);
  await shell.expect(test);
  await spawned(server, 'acme');
  await receiver.count(2);
  await expect
    .poll(async () => (await shell.run(ls.command)).output, { timeout: PATIENCE_MS })
    .toContain('answered 500');
  await shell.expect(ls);
});

it('docs/writing-an-app.md: the application runs without tenement and with it', async () => {
  const dir = temporaryDirectory();
  const page = readFileSync('docs/writing-an-app.md', 'utf8');
  const [, app = ''] = /^```js\n(.*?)^```/ms.exec(page) ?? [];
  writeFileSync(join(dir, 'app.js'), app);
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const file = join(dir, 'tenement.toml');
  writeConfig(file, `[service.app]\ncommand = "node ${dir}/app.js"\n`);
  const server = await serveFile(file, dir);
  await server.cli('spawn', 'app', '--id', 'acme');
  const [start, ask, askTenement, ...none] = stepsOf('docs/writing-an-app.md');
  expect(none).toEqual([]);
  const alone = `${start?.command}\nuntil ${ask?.command}; do sleep 0.1; done; kill $!; wait $!`.replaceAll(
    '/tmp',
    dir,
  );
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` };
  const { stdout } = spawnSync('bash', ['-c', alone], { cwd: dir, env, encoding: 'utf8', timeout: PATIENCE_MS });
  expect(stdout).toBe('Hello, acme\n');
  const shell = new PageShell(server);
  expect((await shell.run(askTenement?.command ?? '')).output).toBe('Hello, acme\n');
});
