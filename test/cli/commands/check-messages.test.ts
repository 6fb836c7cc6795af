/** What is printed for each mistake in a config, to the letter. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../../api/running.ts';
import { cli } from '../running.ts';

const SERVICE = '[service.api]\ncommand = "node app.js"\n';

/** Mistake, file, message, the line below the message and the carets below that. */
const MISTAKES: readonly (readonly [mistake: string, toml: string, message: string, ...excerpt: string[]])[] = [
  [
    'a misspelt key',
    '[service.api]\ncomand = "node app.js"\n',
    ':2:1: service.api.comand: unknown key, did you mean "command"?',
    '2 | comand = "node app.js"',
    '  | ^^^^^^',
  ],
  ['an empty file', '', ': no service; add [service.NAME] with a command'],
  [
    'a table in the plural',
    '[services.api]\ncommand = "node app.js"\n',
    ':1:2: services: unknown table, did you mean [service.NAME]?',
    '1 | [services.api]',
    '  |  ^^^^^^^^',
  ],
  [
    'a name that is no label',
    '[service.Api_v2]\ncommand = "node app.js"\n',
    ':1:2: service.Api_v2: a name is 1 to 63 of a-z, 0-9 and -, with no - at either end; for example "api-v2"',
    '1 | [service.Api_v2]',
    '  |  ^^^^^^^^^^^^^^',
  ],
  [
    'a duration below 0',
    `${SERVICE}idle_timeout = -5\n`,
    ':3:16: service.api.idle_timeout: expected a duration: 0 or more whole seconds, or a string like "5m" or "250ms"',
    '3 | idle_timeout = -5',
    '  |                ^^',
  ],
  [
    'a limit below 0',
    `${SERVICE}memory_limit_mb = -5\n`,
    ':3:19: service.api.memory_limit_mb: expected a whole number from 1 to 1048576, but this is -5',
    '3 | memory_limit_mb = -5',
    '  |                   ^^',
  ],
  [
    'an unclosed string',
    '[service.api]\ncommand = "node app.js\nhealth = "/"\n',
    ':2:23: this string is not closed: a quote is missing at its end',
    '2 | command = "node app.js',
    '  |                       ^',
  ],
  [
    'a value without quotes',
    '[service.api]\ncommand = node app.js\n',
    ':2:11: text needs quotes: command = "node app.js"',
    '2 | command = node app.js',
    '  |           ^',
  ],
  [
    'no value',
    '[service.api]\ncommand = \n',
    ':2:11: a value is missing after the =',
    '2 | command =',
    '  |           ^',
  ],
  [
    '{port} without port mode',
    '[service.api]\ncommand = "node app.js {port}"\n',
    ':2:24: service.api.command: {port} needs listen = "port", and has a value only in command, workdir and env',
    '2 | command = "node app.js {port}"',
    '  |                        ^^^^^^',
  ],
  [
    'a missing key',
    '[service.api]\nhealth = "/"\n',
    ':1:2: service.api.command: missing: expected a string or an array of strings',
    '1 | [service.api]',
    '  |  ^^^^^^^^^^^',
  ],
  [
    'an element of a list',
    `${SERVICE}[instances]\napi = ["acme", "../x"]\n`,
    ':4:16: instances.api.1: expected a DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end',
    '4 | api = ["acme", "../x"]',
    '  |                ^^^^^^',
  ],
  [
    'a piece of a value behind tabs and wide characters',
    '[service.api]\n\tcommand = "node 日本 {idd}"\n',
    ':2:21: service.api.command: {idd} is not a template variable here, did you mean {id}?',
    '2 |     command = "node 日本 {idd}"',
    '  |                          ^^^^^',
  ],
  [
    'a line that is longer than a terminal is wide',
    `${SERVICE}workdir = "${'x'.repeat(90)}{idd}${'y'.repeat(90)}"\n`,
    ':3:102: service.api.workdir: {idd} is not a template variable here, did you mean {id}?',
    `3 | …${'x'.repeat(31)}{idd}${'y'.repeat(58)}…`,
    '  |                                 ^^^^^',
  ],
];

async function check(toml: string, ...options: string[]) {
  const file = join(tempDir(), 'tenement.toml');
  writeFileSync(file, toml);
  const { status, out, err } = await cli(['check', '-c', file, ...options]);
  return { status, out, err: err.replaceAll(file, 'FILE') };
}

test.each(MISTAKES)('%s', async (_mistake, toml, message, ...excerpt) => {
  const { status, out, err } = await check(toml);
  expect([status, out]).toEqual([2, '']);
  expect(err.split('\n')).toEqual([
    `tenement: FILE${message} (bad_config)`,
    ...(excerpt.length === 0 ? [] : ['  |', ...excerpt]),
    'hint: Correct the file, then run `tenement check`.',
    '',
  ]);
});

test('several mistakes are printed at once, misspelt keys first', async () => {
  const { err } = await check(
    '[proxy]\ndefault_service = "apo"\n[service.api]\nrestart = "maybe"\ncommand = "x {idd}"\nsokcet = "s"\n',
  );
  expect(err.split('\n')).toEqual([
    'tenement: FILE:6:1: service.api.sokcet: unknown key, did you mean "socket"? (bad_config)',
    '  |',
    '6 | sokcet = "s"',
    '  | ^^^^^^',
    'hint: Correct the file, then run `tenement check`.',
    'Also wrong:',
    '  FILE:2:19: proxy.default_service: there is no service "apo", did you mean "api"?',
    '    |',
    '  2 | default_service = "apo"',
    '    |                   ^^^^^',
    '  FILE:4:11: service.api.restart: expected "on-failure", "always" or "never", but this is "maybe"',
    '    |',
    '  4 | restart = "maybe"',
    '    |           ^^^^^^^',
    '  FILE:5:14: service.api.command: {idd} is not a template variable here, did you mean {id}?',
    '    |',
    '  5 | command = "x {idd}"',
    '    |              ^^^^^',
    '',
  ]);
});

test('--json prints the places of all mistakes', async () => {
  const { status, err } = await check('[service.api]\ncomand = "x"\nrestart = "maybe"\n', '--json');
  expect([status, JSON.parse(err)]).toMatchObject([
    2,
    {
      error: {
        code: 'bad_config',
        message: 'FILE:2:1: service.api.comand: unknown key, did you mean "command"?',
        hint: 'Correct the file, then run `tenement check`.',
        problems: [
          { line: 2, column: 1 },
          { line: 3, column: 11 },
        ],
      },
    },
  ]);
});

test('more mistakes than fit on a terminal are counted', async () => {
  const keys = Array.from({ length: 30 }, (_, index) => `no_such_key_${index} = 1`);
  const { err } = await check(`${SERVICE}${keys.join('\n')}\n`);
  expect(err).toMatch(/\n {2}and 9 more\n$/);
});

test.each([
  [
    'a variable that is a list',
    '[service.api.env]\nA = [1]\n',
    'service.api.env.A: expected text without NUL, a number, true or false',
  ],
  [
    'a key that is like none of many',
    'password = "x"\n',
    'service.api.password: unknown key; docs/config.md and tenement.toml(5) have all keys of [service.NAME]',
  ],
  [
    'a port beyond the last',
    '[api]\nlisten = "127.0.0.1:99999"\n',
    'api.listen: expected an address like "127.0.0.1:8080", with a port up to 65535',
  ],
])('%s is named with what is expected', async (_mistake, toml, message) => {
  expect((await check(SERVICE + toml)).err).toContain(`${message} (bad_config)`);
});
