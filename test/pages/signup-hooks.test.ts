/** docs/signup-hooks.md: its functions in each language, and its commands, against a real server. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { serve, serveAll, temporaryDirectory } from '../e2e/support.ts';
import { writePageFile } from './page-files.ts';
import { PageShell, stepsOf } from './page-shell.ts';

const PAGE = 'docs/signup-hooks.md';
const PATIENCE_MS = 60_000;
const server = serveAll(`
[service.api]
command = "node {fixtures}/tenant.mjs"
health = "/health"
[plan.free]
[plan.pro]
[tenants]
default_plan = "free"
`);
let token = '';

beforeAll(async () => {
  const [create] = stepsOf(PAGE);
  const created = await new PageShell(server()).run(create?.command ?? '');
  token = /^ten_\w+$/m.exec(created.output)?.[0] ?? '';
}, PATIENCE_MS);

interface Language {
  readonly program: string;
  readonly file: string;
  /** Calls the page's function with the words of the command line. */
  readonly caller: (file: string) => readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    program: 'python3',
    file: 'tenants.py',
    caller: () => ['-c', 'import sys, tenants; tenants.create_tenant(*sys.argv[1:])'],
  },
  {
    program: 'node',
    file: 'tenants.mjs',
    caller: (file) => [
      '--input-type=module',
      '-e',
      `import { createTenant } from '${file}'; await createTenant(...process.argv.slice(1));`,
      '--',
    ],
  },
  {
    program: 'php',
    file: 'tenants.php',
    caller: (file) => ['-r', `require '${file}'; create_tenant($argv[1], $argv[2]);`, '--'],
  },
  {
    program: 'ruby',
    file: 'tenants.rb',
    caller: (file) => ['-r', file, '-e', 'create_tenant(*ARGV)', '--'],
  },
];
const isMissing = (program: string) => process.env['CI'] !== 'true' && spawnSync(program, ['--version']).status !== 0;

/** Calls the function of the page. @returns what the program printed, and how it ended */
async function call(
  { program, file, caller }: Language,
  words: readonly string[],
  api = server().apiPort,
  bearer = token,
) {
  const dir = temporaryDirectory();
  const path = writePageFile(PAGE, file, dir);
  const env = { ...process.env, TENEMENT_API: `http://127.0.0.1:${api}`, TENEMENT_TOKEN: bearer };
  const child = spawn(program, [...caller(path), ...words], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, output: out + err };
}

async function tenant(id: string) {
  return JSON.parse((await server().api(`/api/tenants/${id}`)).body);
}

describe.each(LANGUAGES)('the function in $program', (language) => {
  const id = `of-${language.program}`;
  const run = it.skipIf(isMissing(language.program));

  run('registers a tenant, which answers, and does no harm when it is called again', async () => {
    for (const _ of ['a new customer', 'the same again'])
      expect(await call(language, [id, 'pro'])).toEqual({ status: 0, output: '' });
    expect(await tenant(id)).toMatchObject({ state: 'active', plan: 'pro' });
    expect((await server().get(`${id}.localhost`)).status).toBe(200);
  });

  run('leaves a tenant that has another plan by now as it is', async () => {
    await call(language, [id, 'pro']);
    expect(await call(language, [id, 'free'])).toEqual({ status: 0, output: '' });
    expect(await tenant(id)).toMatchObject({ plan: 'pro' });
  });

  run('says what is wrong with a call', async () => {
    const { status, output } = await call(language, ['Acme Corp.', 'pro']);
    expect(status).not.toBe(0);
    expect(output).toContain('bad_id: "Acme Corp." is not a tenant id');
    expect((await call(language, ['x', 'gold'])).output).toContain('unknown_plan: there is no plan "gold"');
  });

  run('goes on when the application does not start, because the tenant is registered', async () => {
    const broken = await serve('[service.api]\ncommand = "false"\n[plan.pro]\n');
    const { stdout } = await broken.cli('token', 'create', 'signup', '--can', 'manage');
    expect(await call(language, ['acme', 'pro'], broken.apiPort, stdout.trim())).toEqual({ status: 0, output: '' });
    expect((await broken.api('/api/tenants/acme')).status).toBe(200);
  });

  run('repeats a call that met a restart of the server', async () => {
    let calls = 0;
    const restarting = createServer((_, response) => {
      calls += 1;
      if (calls === 1) response.destroy();
      else response.writeHead(calls === 2 ? 503 : 201).end('{}');
    });
    restarting.listen(0, '127.0.0.1');
    await once(restarting, 'listening');
    onTestFinished(() => void restarting.close());
    const { port } = restarting.address() as AddressInfo;
    expect(await call(language, ['acme', 'pro'], port)).toEqual({ status: 0, output: '' });
    expect(calls).toBe(3);
  });
});

it('the commands do what the page says', async () => {
  const [, ...steps] = stepsOf(PAGE);
  expect(steps.length).toBeGreaterThan(3);
  const dir = temporaryDirectory();
  await server().cli('tenant', 'create', 'acme', '--service', 'api');
  const names = { 'acme.tar.zst': join(dir, 'acme.tar.zst'), $TENEMENT_API: `http://127.0.0.1:${server().apiPort}` };
  const shell = new PageShell(server(), { ...names, $TENEMENT_TOKEN: token });
  for (const step of steps) await shell.expect(step);
  expect(await tenant('initech')).toMatchObject({ plan: 'pro', state: 'active' });
  expect(await tenant('hooli')).toMatchObject({ plan: 'free', state: 'active' });
  expect(await tenant('acme')).toMatchObject({ code: 'unknown_tenant' });
});
