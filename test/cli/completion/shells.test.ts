/** The completion scripts, run by the shells themselves. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SCRIPTS, type Shell } from '../../../src/cli/completion/scripts.ts';
import { tempDir } from '../../api/running.ts';

const isMissing = (shell: Shell) => process.env['CI'] !== 'true' && spawnSync(shell, ['--version']).error !== undefined;

/** A program that answers as tenement would, and repeats what it was asked. */
const PROGRAM = `#!/bin/sh
printf '<%s>' "$@" > "$0.asked"
case "$*" in
  *-o*) exit 9 ;;
  *nothing*) exit 1 ;;
esac
printf 'api:acme\\tone\\napi:globex\\n'
`;

/** Completes a line in a directory with one file. Returns what the shell offers, and the words that it asked for. */
function completed(shell: Shell, ask: (script: string, line: string) => string[], line: string) {
  const dir = tempDir();
  writeFileSync(join(dir, 'tenement'), PROGRAM, { mode: 0o755 });
  writeFileSync(join(dir, 'script'), SCRIPTS[shell]);
  writeFileSync(join(dir, 'backup.tar'), '');
  const env = { ...process.env, PATH: `${dir}:${process.env['PATH']}`, HOME: dir };
  const { stdout, stderr } = spawnSync(shell, ask(join(dir, 'script'), line), { encoding: 'utf8', env, cwd: dir });
  const asked = spawnSync('cat', [join(dir, 'tenement.asked')], { encoding: 'utf8' }).stdout;
  return { offered: stdout.split('\n').filter((one) => one !== ''), stderr, asked };
}

function bash(script: string, line: string): string[] {
  const source = `source "$0"; COMP_LINE="$1" COMP_POINT=\${#1}; _tenement; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return ['--norc', '-c', source, script, line];
}

test.skipIf(isMissing('bash'))('bash offers candidates, without what precedes a colon in the word', () => {
  const whole = completed('bash', bash, 'tenement restart ');
  expect(whole).toEqual({ offered: ['api:acme', 'api:globex'], stderr: '', asked: '<__complete><restart><>' });
  const begun = completed('bash', bash, 'tenement -c x.toml restart api:a');
  expect(begun).toEqual({ offered: ['acme', 'globex'], stderr: '', asked: '<__complete><-c><x.toml><restart><api:a>' });
  expect(completed('bash', bash, 'tenement export acme -o back').offered).toEqual(['backup.tar']);
  expect(completed('bash', bash, 'tenement nothing ').offered).toEqual([]);
});

function fish(script: string, line: string): string[] {
  return ['--no-config', '-c', `source ${script}; complete -C '${line}'`];
}

test.skipIf(isMissing('fish'))('fish offers candidates with what they are about (apt-get install fish)', () => {
  expect(completed('fish', fish, 'tenement restart ')).toEqual({
    offered: ['api:acme\tone', 'api:globex'],
    stderr: '',
    asked: '<__complete><restart><>',
  });
  expect(completed('fish', fish, 'tenement restart api:a').offered).toEqual(['api:acme\tone']);
  expect(completed('fish', fish, 'tenement export acme -o back').offered).toEqual(['backup.tar']);
  expect(completed('fish', fish, 'tenement nothing ').offered).toEqual([]);
});

/** Zsh completes only at a terminal, so the functions of its completion system print what they are given. */
function zsh(script: string, line: string): string[] {
  const stubs = `compdef() { : }; _files() { print -l *.tar }; _describe() { print -rl "\${(@P)2}" };`;
  const source = `${stubs} source $0; words=("\${(@s: :)1}"); CURRENT=$#words; PREFIX=$words[-1]; _tenement`;
  return ['-f', '-c', source, script, line];
}

test.skipIf(isMissing('zsh'))('zsh offers candidates with what they are about (apt-get install zsh)', () => {
  expect(completed('zsh', zsh, 'tenement restart ')).toEqual({
    offered: ['api\\:acme:one', 'api\\:globex'],
    stderr: '',
    asked: '<__complete><restart><>',
  });
  expect(completed('zsh', zsh, 'tenement export acme -o back').offered).toEqual(['backup.tar']);
  expect(completed('zsh', zsh, 'tenement nothing ').offered).toEqual([]);
});
