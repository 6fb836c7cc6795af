/** `tenement install` as a person runs it, without systemd: the units go to a directory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configText } from '../../../src/local/init/config-text.ts';
import { temporaryDirectory, writeConfig } from '../../e2e/support.ts';
import { cli } from '../running.ts';

const KEPT = 'on_exit = "keep"\ncgroup_root = "/sys/fs/cgroup/tenement.slice/tenement-tenants.service"\n';
const SERVICE = '[service.app]\ncommand = "node app.js"\n';

function configFile(toml: string): string {
  const file = join(temporaryDirectory(), 'tenement.toml');
  writeConfig(file, toml);
  return file;
}

test('the units follow the config, and the next steps are told', async () => {
  const file = configFile(`${KEPT}[proxy]\nlisten = "localhost:8080"\n[api]\nlisten = "[::1]:0"\n${SERVICE}`);
  const dir = join(temporaryDirectory(), 'units');
  const { status, out } = await cli(['install', '-c', file, '--dir', dir]);
  expect(status).toBe(0);
  expect(out).toBe(
    `new       ${dir}/tenement.service
new       ${dir}/tenement-tenants.service
new       ${dir}/tenement-proxy.socket
note: [api] listen has port 0, so the server opens that socket itself
next:
    systemctl daemon-reload
    systemctl enable --now tenement
`,
  );
  expect(readFileSync(join(dir, 'tenement.service'), 'utf8')).toContain(`serve -c ${file}\n`);
  expect(readFileSync(join(dir, 'tenement-proxy.socket'), 'utf8')).toContain('ListenStream=127.0.0.1:8080\n');
});

test.each([
  ['that init has just written', (toml: string) => toml],
  [
    'without the section of init',
    (toml: string) => toml.replace(/\[settings\][\s\S]*/, ''),
    'Put this under [settings]',
  ],
  ['with these lines under another table', (toml: string) => toml.replace('[settings]', '[proxy]'), 'Put this under'],
])('a config %s', async (_which, edit, refusal?: string) => {
  const [file, dir] = [join(temporaryDirectory(), 'tenement.toml'), join(temporaryDirectory(), 'units')];
  await cli(['init', '-c', file, '--command', 'python3 app.py']);
  const before = edit(readFileSync(file, 'utf8'));
  writeFileSync(file, before);
  expect((await cli(['install', '-c', file, '--print'])).status).toBe(refusal === undefined ? 0 : 2);
  expect(readFileSync(file, 'utf8')).toBe(before);
  const { out, err } = await cli(['install', '-c', file, '--dir', dir]);
  expect(err).toContain(refusal ?? '');
  if (refusal !== undefined) return expect(readFileSync(file, 'utf8')).toBe(before);
  expect(out.replaceAll(file, 'FILE')).toMatch(
    /^changed {3}FILE\n {4}- # on_exit = "keep"\n {4}\+ on_exit = "keep"\n {4}- # cgroup_root = .*\n {4}\+ cgroup_root = .*\nnew /,
  );
  expect((await cli(['install', '-c', file, '--dir', dir])).out).not.toMatch(/^(changed|new)/m);
  // Units that are there already: init writes the settings at once.
  expect(readFileSync(file, 'utf8').replace(/^# .*docs\/systemd.*/m, '')).toBe(
    configText(
      { kind: 'what --command says', command: 'python3 app.py', listen: 'socket' },
      { service: 'web', hasUnits: true, workdir: null },
    ).replace(/^# .*docs\/systemd.*/m, ''),
  );
});

test('--print writes nothing', async () => {
  const { status, out } = await cli(['install', '-c', configFile(KEPT + SERVICE), '--user', 'nobody', '--print']);
  expect(status).toBe(0);
  expect(out).toMatch(/^# \/etc\/systemd\/system\/tenement.service\n/);
  expect(out).toContain('\nUser=nobody\n');
});

test('--now is for the units that systemd finds', async () => {
  const { status, err } = await cli(['install', '-c', configFile(KEPT + SERVICE), '--now', '--print']);
  expect(status).toBe(2);
  expect(err).toContain('--now needs the units where systemd finds them');
});

test.each([
  ['a config without the settings that keep tenants', SERVICE, [], 'Put this under [settings]'],
  ['an unknown user', KEPT + SERVICE, ['--user', 'no such user'], 'there is no user "no such user"'],
  ['a bad config', `${KEPT}${SERVICE}idle = 1\n`, [], 'service.app.idle: unknown key'],
  [
    'an address that does not exist',
    `${KEPT}[proxy]\nlisten = "nowhere.invalid:80"\n${SERVICE}`,
    [],
    '[proxy] listen: nowhere.invalid has no address',
  ],
])('%s is refused', async (_case, toml, options, message) => {
  const dir = join(temporaryDirectory(), 'units');
  const { status, err } = await cli(['install', '-c', configFile(toml), '--dir', dir, ...options]);
  expect(status).toBe(2);
  expect(err).toContain(message);
});
