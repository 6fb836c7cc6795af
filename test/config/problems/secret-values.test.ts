import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { TenementError } from '../../../src/errors.ts';
import { tempDir } from '../../api/running.ts';

const SERVICE = '[service.api]\ncommand = "node app.js"\n';

function errorOf(toml: string): TenementError {
  const file = join(tempDir(), 'tenement.toml');
  writeFileSync(file, toml);
  try {
    loadConfig(file, { env: {} });
  } catch (error) {
    if (error instanceof TenementError) return error;
    throw error;
  }
  throw new Error('the config was accepted');
}

/** The shown line, and what is pointed at in it. */
function shown(error: TenementError) {
  return error.excerpts.map((excerpt) => {
    const { text, column, length } = excerpt ?? { text: '', column: 1, length: 0 };
    return [text, text.slice(column - 1, column - 1 + length)];
  });
}

test.each([
  ['a variable of the wrong type', `${SERVICE}[service.api.env]\nPIN = ["53737"]\n`, ['PIN = ***', '***']],
  [
    'a template variable that does not exist',
    `${SERVICE}[service.api.env]\nURL = "postgres://u:53737@{hots}/x"\n`,
    ['URL = ***{hots}***', '{hots}'],
  ],
  ['a variable in an inline table', `${SERVICE}env = { A = "53737", B = ["53737"] }\n`, ['env = ***', '***']],
  ['a dotted key', `${SERVICE}env.PIN = ["53737"]\n`, ['env.PIN = ***', '***']],
  [
    'a table in one line',
    'service.api = { comand = "x", env = { PIN = "53737" } }\n',
    ['service.api = { comand = "x", env = ***', 'comand'],
  ],
  ['a variable of a plan', `${SERVICE}[plan.free.env]\nPIN = ["53737"]\n`, ['PIN = ***', '***']],
  ['an unknown key that is called like a secret', `${SERVICE}api_key = "53737"\n`, ['api_key = ***', 'api_key']],
  [
    'a secret where its file belongs',
    `${SERVICE}[[notify]]\nurl = "https://x.example"\nevents = ["*"]\nsecret = "53737"\n`,
    ['secret = ***', 'secret'],
  ],
  [
    'the password in a URL',
    `${SERVICE}[backup]\nrepo = "rest:https://u:53737@x.example/"\n`,
    ['repo = "rest:https://u:***@x.example/"', 'repo'],
  ],
  ['an unclosed string', `${SERVICE}[service.api.env]\nPIN = "53737\n`, ['PIN = ***', '']],
  ['a value without quotes', `${SERVICE}[service.api.env]\nPIN = 53737x53737\n`, ['PIN = ***', '***']],
  ['a long string', `${SERVICE}[service.api.env]\nPEM = """\n53737\\q53737\n"""\n`, ['***', '***']],
])('a message about %s shows no value that may be secret', (_which, toml, excerpt) => {
  const error = errorOf(toml);
  expect(shown(error)).toContainEqual(excerpt);
  expect(JSON.stringify([error.message, error.details, error.excerpts])).not.toContain('53737');
});

test.each([
  ['a service called env', '[service.env]\ncommand = "node app.js"\nidle_timeout = -5\n', 'idle_timeout = -5'],
  ['the name of a file', `${SERVICE}[routing.jwt]\nsecret_file = 5\n`, 'secret_file = 5'],
  ['another key', `${SERVICE}memory_limit_mb = -5   # MiB\n`, 'memory_limit_mb = -5   # MiB'],
])('%s is shown as it is', (_which, toml, line) => {
  expect(shown(errorOf(toml)).map(([text]) => text)).toContain(line);
});
