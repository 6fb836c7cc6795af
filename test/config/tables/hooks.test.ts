import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { TenementError } from '../../../src/errors.ts';

function load(hook: string) {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'tenement.toml');
  writeFileSync(file, `[service.api]\ncommand = "node app.js"\n[[service.api.provision]]\n${hook}`);
  return loadConfig(file, { env: {}, uid: 0 }).services.get('api')?.hooks;
}

function problem(hook: string): string {
  try {
    load(hook);
    return 'loaded';
  } catch (error) {
    if (error instanceof TenementError) return [error.message, ...error.details].join(' | ');
    throw error;
  }
}

const CREATE = 'create = "hooks/db create {id}"\n';

it('a hook has its commands as words, and a minute', () => {
  const text = `name = "db"\n${CREATE}rotate = ["hooks/db", "rotate", "a b"]\nenv = { PORT_OF = 5432, DIR = "{tenant_dir}" }\ninherit_env = ["PGHOST"]\n`;
  expect(load(text)).toEqual([
    {
      name: 'db',
      commands: {
        create: ['hooks/db', 'create', '{id}'],
        destroy: null,
        rotate: ['hooks/db', 'rotate', 'a b'],
        measure: null,
      },
      timeoutMs: 60_000,
      inheritEnv: ['PGHOST'],
      env: { PORT_OF: '5432', DIR: '{tenant_dir}' },
    },
  ]);
});

it.each([
  [
    'a name that another hook has',
    `name = "db"\n${CREATE}[[service.api.provision]]\nname = "db"\n${CREATE}`,
    'has another hook "db"',
  ],
  ['a name that is no label', `name = "My DB"\n${CREATE}`, 'expected a DNS label'],
  ['no command at all', 'name = "db"\n', 'the hook "db" does nothing: give it create or measure'],
  ['rotate without create', 'name = "db"\nrotate = "x"\nmeasure = "x"\n', 'rotate needs create'],
  ['destroy without create', 'name = "db"\ndestroy = "x"\nmeasure = "x"\n', 'destroy needs create'],
  ['an unknown template', 'name = "db"\ncreate = "x {tenant}"\n', '{tenant} is not a template variable here'],
  [
    'a template that needs a process',
    'name = "db"\ncreate = "x {socket}"\n',
    '{socket} is not a template variable here',
  ],
  ['an operator of the shell', 'name = "db"\ncreate = "a | b"\n', '| needs a shell'],
  ['an open quote', `name = "db"\ncreate = "a 'b"\n`, 'a quote is not closed'],
  ['an empty program', 'name = "db"\ncreate = ["", "x"]\n', 'expected a command'],
  ['no time', `name = "db"\n${CREATE}timeout = 0\n`, 'expected a duration of more than 0 and at most 1h'],
  ['too much time', `name = "db"\n${CREATE}timeout = "2h"\n`, 'expected a duration of more than 0 and at most 1h'],
  [
    'a variable of its own',
    `name = "db"\n${CREATE}env = { TENANT_ID = "x" }\n`,
    'env.TENANT_ID: tenement sets this itself',
  ],
  ['a key that is mistyped', `name = "db"\n${CREATE}destory = "x"\n`, 'did you mean "destroy"?'],
])('a hook with %s is refused', (_what, text, expected) => {
  expect(problem(text)).toContain(expected);
});
