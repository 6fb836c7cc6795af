import { appendFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Hypervisor } from '../../../src/index.ts';
import { EXAMPLE } from '../../../src/local/init/packaged-example.ts';
import { tempDir } from '../../api/running.ts';
import { cli } from '../running.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));

/** A directory with an application in Node, and where its config will be. */
function application() {
  const dir = tempDir();
  writeFileSync(join(dir, 'app.js'), 'listen(process.env.PORT)');
  return join(dir, 'tenement.toml');
}

test('init writes a config, and says what comes next', async () => {
  const file = application();
  const { status, out, err } = await cli(['init', '-c', file]);
  expect([status, err, out.replaceAll(file, 'FILE').split('\n')]).toEqual([
    0,
    '',
    [
      'FILE written for Node (app.js)',
      'Next:',
      '  tenement serve -c FILE',
      '  tenement spawn web --id acme -c FILE     (in a second terminal)',
      '  curl http://acme.localhost:8080/',
      'Under systemd, as root: tenement install -c FILE',
      '',
    ],
  ]);
  expect(readFileSync(file, 'utf8')).toMatch(/^\[service\.web\]\ncommand = "node app.js".*\nlisten = "port"/m);
});

test('init never replaces a file, but with --force', async () => {
  const file = application();
  writeFileSync(file, 'mine');
  const refused = await cli(['init', '-c', file]);
  expect([refused.status, refused.err]).toEqual([
    1,
    expect.stringMatching(/is there already \(already_exists\)\nhint: .*--force/),
  ]);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect((await cli(['init', '-c', file, '--force'])).status).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('[service.web]');
});

test('init --print writes nothing', async () => {
  const file = application();
  const { out } = await cli(['init', '-c', file, '--print', '--service', 'shop']);
  expect([out, existsSync(file)]).toEqual([expect.stringContaining('[service.shop]'), false]);
});

test('init takes a command where it finds nothing', async () => {
  const file = join(tempDir(), 'tenement.toml');
  const nothing = await cli(['init', '-c', file]);
  expect([nothing.status, nothing.err]).toEqual([2, expect.stringContaining('no application was found')]);
  expect((await cli(['init', '-c', file, '--command', './run --port $PORT'])).status).toBe(0);
  expect(readFileSync(file, 'utf8')).toMatch(/command = ".\/run --port {port}".*\nlisten = "port"/);
});

test.each(['..', 'Web', 'a b'])('init refuses %j for a service', async (service) => {
  const file = application();
  expect((await cli(['init', '-c', file, '--service', service])).status).toBe(2);
  expect(existsSync(file)).toBe(false);
});

test.each(['flask', 'python', 'port', 'notes', 'billing', 'price-list'])(
  'for examples/%s init writes a config that check accepts',
  async (name) => {
    const dir = join(tempDir(), name);
    cpSync(join(EXAMPLES, name), dir, { recursive: true });
    const file = join(dir, 'tenement.toml');
    rmSync(file);
    expect((await cli(['init', '-c', file])).status).toBe(0);
    const { status, out, err } = await cli(['check', '-c', file]);
    expect([status, err, out]).toEqual([0, '', expect.stringContaining('1 service, ok')]);
  },
);

test.each(['python', 'port'])('for examples/%s init writes a config that runs', async (name) => {
  const dir = join(tempDir(), name);
  cpSync(join(EXAMPLES, name), dir, { recursive: true });
  const file = join(dir, 'tenement.toml');
  expect((await cli(['init', '-c', file, '--force'])).status).toBe(0);
  appendFileSync(file, 'runtime_dir = "run"\n');
  const hypervisor = await Hypervisor.load(file);
  try {
    expect(await hypervisor.spawn('web', 'acme')).toMatchObject({ state: 'ready' });
  } finally {
    await hypervisor.close();
  }
});

test('init names the directory of an application that is elsewhere', async () => {
  const dir = dirname(application());
  const file = join(tempDir(), 'tenement.toml');
  expect((await cli(['init', dir, '-c', file])).status).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain(`workdir = ${JSON.stringify(dir)}\n`);
  expect(await cli(['check', '-c', file])).toMatchObject({ status: 0 });
});

test('init puts an application in the place of the example of the Debian package, and keeps the rest', async () => {
  const dir = dirname(application());
  const file = join(tempDir(), 'tenement.toml');
  writeFileSync(file, `[proxy]\ndomain = "example.com"\n\n${EXAMPLE}`);
  const { status, out } = await cli(['init', dir, '-c', file]);
  expect([status, out]).toEqual([0, expect.stringContaining('  systemctl reload tenement\n')]);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^\[proxy\]\ndomain = "example.com"\n/);
  expect(text).toMatch(/^\[service\.web\]\ncommand = "node app.js".*^user = "dynamic"/ms);
  expect(text).not.toContain('notes');
  expect((await cli(['init', dir, '-c', file])).err).toContain('is there already');
});
