import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/registry/database.ts';
import { createTenantStore } from '../../../src/registry/tenants.ts';
import { tempDir } from '../../api/running.ts';
import { cli } from '../running.ts';

/** Sockets lie beside the config: the default directory may belong to another server of this machine. */
function config(text: string): string {
  const dir = tempDir();
  mkdirSync(join(dir, 'data'));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, text.includes('[settings]') ? text : `${text}[settings]\nruntime_dir = "${join(dir, 'run')}"\n`);
  return file;
}

test('check reports a good config as ok, with what the host supports', async () => {
  const { status, out, err } = await cli(['check', '-c', config('[service.api]\ncommand = "node app.js"\n')]);
  expect([status, err]).toEqual([0, '']);
  expect(out).toMatch(/^isolation: process/m);
  expect(out).toMatch(/^1 service, ok$/m);
});

test('a missing program is a warning, and check ends with status 0', async () => {
  const file = config('[service.api]\ncommand = "no-such-program-anywhere"\n');
  const { status, out } = await cli(['check'], { TENEMENT_CONFIG: file });
  expect([status, out]).toEqual([0, expect.stringMatching(/^warning: .*no-such-program-anywhere/m)]);
  const json = JSON.parse((await cli(['check', '--json', '-c', file])).out);
  expect(json).toMatchObject({ ok: true, config: file, services: 1, warnings: [expect.any(String)] });
});

test('a trusted address from which tenants can connect is a warning', async () => {
  const service = '[service.api]\ncommand = "node app.js"\n[proxy]\n';
  const trusting = config(`${service}trusted_proxies = ["127.0.0.1"]\n`);
  const { status, out } = await cli(['check', '-c', trusting]);
  expect([status, out]).toEqual([
    0,
    expect.stringMatching(/^warning: proxy\.trusted_proxies has 127\.0\.0\.1, .*service\.api/m),
  ]);
  expect((await cli(['check', '-c', config(service)])).out).not.toContain('trusted_proxies');
});

test('check ends with status 2 after an error', async () => {
  const { status, err } = await cli(['check', '-c', config('[service.api]\ncommand = "x"\nsokcet = "y"\n')]);
  expect([status, err]).toEqual([2, expect.stringMatching(/^tenement: .*sokcet.* \(bad_config\)\n/)]);
});

test('check --json prints errors as JSON (bug: nothing was printed)', async () => {
  const file = config('[service.api]\ncommand = "x"\nsokcet = "y"\nidle_timeout = -1\n');
  const { status, out } = await cli(['check', '--json', '-c', file]);
  expect(status).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    config: file,
    code: 'bad_config',
    errors: [
      expect.stringContaining(':3:1: service.api.sokcet'),
      expect.stringContaining(':4:16: service.api.idle_timeout'),
    ],
  });
});

test('check prints every error with its line, and carets below what is wrong', async () => {
  const { err } = await cli(['check', '-c', config('[service.api]\ncommand = "x"\nsokcet = "y"\nidle_timeout = -1\n')]);
  expect(err.replaceAll(/\S+\/tenement.toml/g, 'FILE').split('\n')).toEqual([
    'tenement: FILE:3:1: service.api.sokcet: unknown key, did you mean "socket"? (bad_config)',
    '  |',
    '3 | sokcet = "y"',
    '  | ^^^^^^',
    'hint: Correct the file, then run `tenement check`.',
    'Also wrong:',
    expect.stringMatching(/^ {2}FILE:4:16: service.api.idle_timeout: expected a duration/),
    '    |',
    '  4 | idle_timeout = -1',
    '    |                ^^',
    '',
  ]);
});

test('a data directory that cannot be created is an error', async () => {
  const file = config('[settings]\ndata_dir = "tenement.toml/data"\n[service.api]\ncommand = "node app.js"\n');
  const { status, err } = await cli(['check', '-c', file]);
  expect([status, err]).toEqual([1, expect.stringContaining(`${file} is not a directory (state_failed)\nhint: `)]);
});

test('a config names its server by its state directory', async () => {
  const { status, err } = await cli(['ps', '-c', config('[service.api]\ncommand = "node app.js"\n')]);
  expect([status, err]).toEqual([3, expect.stringContaining('data/.tenement/control.sock')]);
});

test('check names domains of tenants that the config makes names of the proxy', async () => {
  const file = config('[service.api]\ncommand = "node app.js"\n[proxy]\ndomain = ["example.com", "acme.org"]\n');
  const stateDir = join(file, '../data/.tenement');
  mkdirSync(stateDir);
  const database = openDatabase(join(stateDir, 'tenement.db'));
  const domain = { tenantId: 'acme', service: 'api', addedAtMs: 1, verification: null };
  const putDomains = ['shop.acme.org', 'shop.other.org'].map((host) => ({ ...domain, host }));
  createTenantStore(database).commit({ tenantId: 'acme', putDomains });
  const warning =
    'shop.acme.org is a domain of api:acme, and under [proxy] domain acme.org: a tenant with the id shop would get its requests';
  expect((await cli(['check', '-c', file])).out).toContain(`warning: ${warning}\n`);
  database.close();
  expect(JSON.parse((await cli(['check', '--json', '-c', file])).out).warnings).toContain(warning);
});
