import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { diffConfigs } from '../../../src/core/lifecycle/reconcile.ts';
import { hiddenPaths } from '../../../src/core/service/hidden-paths.ts';
import { problemsOf, withoutPlace } from '../problems.ts';

const SERVICE = '[service.api]\ncommand = "node app.js"\n';
const BOTH = 'repository = "backups"\npassword_file = "password"\n';

function load(keys: string, withSecrets = false) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, `${SERVICE}${keys === '' ? '' : `[backup]\n${keys}`}`);
  writeFileSync(join(dir, 'password'), 'a password', { mode: 0o600 });
  writeFileSync(join(dir, 'empty'), '\n', { mode: 0o600 });
  writeFileSync(join(dir, 'open'), 'a password');
  chmodSync(join(dir, 'open'), 0o644);
  return { dir, config: loadConfig(file, { env: {}, uid: 1000, withSecrets }) };
}

const problems = (keys: string, withSecrets = false) => problemsOf(() => load(keys, withSecrets)).map(withoutPlace);

test('without the table there are no backups', () => {
  expect(load('').config.backup).toBeNull();
});

test('paths are relative to the config, and other repositories are passed on', () => {
  const { dir, config } = load(
    `${BOTH}schedule = "0 3 * * *"\ntimezone = "Europe/Berlin"\nkeep = { daily = 7, last = 2 }`,
    true,
  );
  expect(config.backup).toEqual({
    repository: join(dir, 'backups'),
    passwordFile: join(dir, 'password'),
    name: hostname(),
    schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
    keep: { daily: 7, last: 2 },
    inheritEnv: [],
  });
  expect(config.warnings).toEqual([]);
  const remote = load('repository = "s3:https://s3.example.com/b"\npassword_file = "password"\nname = "fra1"').config;
  expect(remote.backup).toMatchObject({ repository: 's3:https://s3.example.com/b', name: 'fra1', keep: null });
  expect(remote.warnings).toEqual([expect.stringContaining('backup: there is no schedule')]);
});

const WRONG: readonly (readonly [what: string, keys: string, problem: string | RegExp])[] = [
  ['no password', 'repository = "backups"', /^backup\.password_file: missing/],
  ['a schedule that is none', `${BOTH}schedule = "daily"`, /^backup\.schedule: /],
  ['a schedule that never comes', `${BOTH}schedule = "0 0 30 2 *"`, 'backup.schedule: it never comes'],
  [
    'a zone that is none',
    `${BOTH}schedule = "0 3 * * *"\ntimezone = "Berlin"`,
    /^backup\.timezone: expected the name of a time zone/,
  ],
  ['a zone without a schedule', `${BOTH}timezone = "UTC"`, 'backup.timezone: there is no schedule'],
  ['nothing to keep', `${BOTH}keep = {}`, /^backup\.keep: nothing would be kept/],
  ['none to keep', `${BOTH}keep = { daily = 0 }`, /^backup\.keep\.daily: /],
  ['a name with a space', `${BOTH}name = "a b"`, /^backup\.name: expected a name/],
  ['an unknown key', `${BOTH}keeps = 1`, /keep/],
  ['a repository among tenants', 'repository = "data/backups"\npassword_file = "password"', /would lie in data_dir/],
  ['a password among tenants', 'repository = "b"\npassword_file = "data/acme/p"', /would lie in data_dir/],
];

test.each(WRONG)('%s is refused', (_what, keys, problem) => {
  expect(problems(keys)).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
});

test('a server refuses a password file that is missing, empty, or open to others', () => {
  const file = (name: string) => `repository = "backups"\npassword_file = "${name}"`;
  expect(problems(file('none'))).toEqual([]);
  expect(problems(file('none'), true)).toEqual([expect.stringContaining('there is no such file')]);
  expect(problems(file('empty'), true)).toEqual([expect.stringContaining('it is empty')]);
  expect(problems(file('open'), true)).toEqual([expect.stringContaining('gives other users access')]);
});

test('a change takes effect at once', () => {
  const was = load('').config;
  expect(diffConfigs(was, { ...was, backup: load(BOTH).config.backup }).live).toEqual(['backup']);
});

test('repository and password are hidden from every tenant', () => {
  const { dir, config } = load(BOTH);
  const { files, dirs } = hiddenPaths({ ...config, services: config.services.values() }, 1000);
  expect(files).toContain(join(dir, 'password'));
  expect(dirs).toContain(join(dir, 'backups'));
});
