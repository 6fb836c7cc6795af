import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EVERYTHING } from '../../src/core/access/permission.ts';
import { runningApi, tempDir } from '../api/running.ts';
import { cli, runningCli } from './running.ts';

test.each([
  [['ps', '--jsn'], "unknown option '--jsn'"],
  [['spawn'], "missing required argument 'service'"],
  [['ps', 'extra'], 'too many arguments'],
  [['logs', 'api:acme', '-n', 'x'], 'Write a whole number'],
  [['spawn', 'api', '--id', 'acme', '--env', 'novalue'], 'Write NAME=VALUE'],
])('%j is a usage error: status 2, one line and a hint', async (argv, message) => {
  const { status, out, err } = await cli(argv);
  expect([status, out]).toEqual([2, '']);
  expect(err).toMatch(/^tenement: .* \(usage\)\nhint: .*\n$/);
  expect(err).toContain(message);
});

test.each([
  [['help', 'statsu'], "there is no command 'statsu'", 'Did you mean status?'],
  [['help', 'xyzzy'], "there is no command 'xyzzy'", '`tenement help` lists'],
  [['spawn', 'web:x', '--id', 'y'], 'web:x names the tenant x already, and --id says y', 'Write web:y, or web --id y.'],
  [['stop', 'web:x', '--id', 'x'], 'web:x names the tenant x already', 'Write web:x'],
])('%j says what was meant', async (argv, message, hint) => {
  const { status, err } = await cli(argv);
  const [first, second] = err.split('\n');
  expect([status, first, second]).toEqual([2, expect.stringContaining(message), expect.stringContaining(hint)]);
});

test('an API that requires a token says where to find one', async () => {
  const { url } = await runningApi('token');
  const hint = expect.stringContaining('\nhint: Give one with --token or TENEMENT_TOKEN');
  const without = await cli(['ps', '--api', url]);
  expect([without.status, without.err, without.err]).toEqual([1, expect.stringContaining('no token was given'), hint]);
  const wrong = await cli(['ps', '--api', url, '--token', 'x']);
  expect([wrong.err, wrong.err]).toEqual([expect.stringContaining('that server does not know the token'), hint]);
});

test('a misspelt option is suggested', async () => {
  expect((await cli(['ps', '--jsn'])).err).toContain('hint: Did you mean --json?');
});

test('an invalid instance name ends with status 2', async () => {
  const { cli: command } = await runningCli();
  for (const argv of [
    ['stop', 'api'],
    ['stop', 'api:ACME'],
    ['stop', 'api', '--id', '../x'],
    ['spawn', 'api'],
  ]) {
    const { status, err } = await command(...argv);
    expect([argv, status, err]).toEqual([argv, 2, expect.stringContaining('(bad_id)\nhint: ')]);
  }
});

test('a command without a config or an API says so', async () => {
  const missing = join(tempDir(), 'tenement.toml');
  const { status, err } = await cli(['ps'], { TENEMENT_CONFIG: missing });
  expect([status, err.split('\n')[0]]).toEqual([2, `tenement: there is no config at ${missing} (config_not_found)`]);
});

test('a missing server ends with status 3', async () => {
  const { api, url } = await runningApi();
  await api.close();
  const { status, err } = await cli(['ps', '--api', url]);
  expect(status).toBe(3);
  expect(err).toMatch(/^tenement: cannot reach the server at .* \(server_unreachable\)\nhint: .*\n$/);
  expect(err).toContain(url);
});

test('global options stand before or after the command, and win over the environment', async () => {
  const { url, tokenStore } = await runningApi('token');
  const { token } = await tokenStore.make();
  const env = { TENEMENT_API: 'http://127.0.0.1:1', TENEMENT_TOKEN: 'wrong' };
  expect((await cli(['--api', url, '--token', token, 'ps', '--json'], env)).out).toBe('[]\n');
  expect((await cli(['ps', '--json', '--api', url, `--token=${token}`], env)).out).toBe('[]\n');
  expect((await cli(['token', 'ls', '--api', url, '--token', token], env)).status).toBe(0);
  expect((await cli(['ps'], { TENEMENT_API: url, TENEMENT_TOKEN: token })).status).toBe(0);
  expect((await cli(['ps', '--api', url], {})).status).toBe(1);
});

test('an explicit config wins over TENEMENT_API', async () => {
  const { status } = await cli(['ps', '-c', join(tempDir(), 'none.toml')], { TENEMENT_API: 'http://127.0.0.1:1' });
  expect(status).toBe(2);
});

test('--version prints the version and --help the options, with status 0', async () => {
  expect(await cli(['--version'])).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: '',
  });
  const help = await cli(['ps', '--help']);
  expect([help.status, help.err]).toEqual([0, '']);
  expect(help.out).toContain('--json');
});

test('a token that is mistyped or has expired is told as such', async () => {
  const { url, tokenStore } = await runningApi('token');
  const { token } = await tokenStore.create({ name: 'ci', ...EVERYTHING, expiresAtMs: Date.parse('2026-01-01') });
  const expired = await cli(['ps', '--api', url, '--token', token]);
  expect(expired.err).toContain('the bearer token expired at 2026-01-01T00:00:00.000Z (unauthorized)');
  const mistyped = await cli(['ps', '--api', url, '--token', 'mistyped']);
  expect(mistyped.err).toContain('is mistyped or cut off: its checksum is wrong (unauthorized)\nhint: Copy it again');
});

test('with --json an error is one line of JSON on stderr, in every command', async () => {
  const { api, url, cli: command } = await runningCli();
  for (const argv of [
    ['status', 'api:nobody', '--json'],
    ['spawn', 'api', '--id', '../x', '--json'],
    ['ps', '--json', '--nope'],
    ['tenant', 'show', 'nobody', '--json'],
  ]) {
    const { status, out, err } = await command(...argv);
    expect([argv, out]).toEqual([argv, '']);
    expect(JSON.parse(err)).toEqual({
      error: { code: expect.any(String), message: expect.any(String), hint: expect.any(String) },
    });
    expect(status).toBe(JSON.parse(err).error.code === 'unknown_tenant' ? 1 : 2);
  }
  await api.close();
  const { status, err } = await cli(['ps', '--json', '--api', url]);
  expect([status, JSON.parse(err).error.code]).toEqual([3, 'server_unreachable']);
});

test('the --json of a program that exec runs is not that of exec', async () => {
  const { err } = await cli(['exec', 'api:acme', 'node', '--json'], { TENEMENT_API: 'http://127.0.0.1:1' });
  expect(err).toMatch(/^tenement: exec runs on the server's machine/);
});
