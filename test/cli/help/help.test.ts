import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { EXAMPLES } from '../../../src/cli/help/examples.ts';
import { addHelp } from '../../../src/cli/help/help.ts';
import { TOPICS } from '../../../src/cli/help/topics.ts';
import { wholeProgram } from '../../../src/cli/program.ts';
import { testIo } from '../io.ts';
import { cli } from '../running.ts';

/** Each command with its path; a group stands for its commands, unless it does something itself. */
function leaves(command: Command, path: readonly string[] = []): [path: string, command: Command][] {
  return command.commands.flatMap((sub): [string, Command][] => {
    const own = [...path, sub.name()];
    return sub.commands.length > 0 && EXAMPLES[own.join(' ')] === undefined
      ? leaves(sub, own)
      : [[own.join(' '), sub], ...leaves(sub, own)];
  });
}

const program = await wholeProgram(testIo().io);
addHelp(program);
const commands = leaves(program);

test('every command belongs to a group of the help', () => {
  const help = program.helpInformation();
  for (const command of program.commands)
    expect([command.name(), command.helpGroup()]).toEqual([command.name(), expect.stringMatching(/:$/)]);
  expect(help).not.toMatch(/^Commands:/m);
});

test('the help of the program and of every topic fits 80 columns', async () => {
  for (const argv of [['help'], ['--help'], ...Object.keys(TOPICS).map((topic) => ['help', topic])]) {
    const { status, out } = await cli(argv);
    expect([argv, status, Math.max(...out.split('\n').map(({ length }) => length)) <= 80]).toEqual([argv, 0, true]);
  }
});

describe.each(commands.map(([path, command]) => [path, command] as const))('%s', (path, command) => {
  test('--help has a description and examples, in 80 columns', async () => {
    const { status, out } = await cli([...path.split(' '), '--help']);
    expect([status, command.description()]).toEqual([0, expect.stringMatching(/^[a-z].*[^.]$/)]);
    expect(out).toMatch(/\nExamples:\n {2}tenement /);
    expect(out.split('\n').filter(({ length }) => length > 80)).toEqual([]);
    expect((await cli(['help', ...path.split(' ')])).out).toBe(out);
  });

  test.each(EXAMPLES[path] ?? [])('the example %j is a command line of it', (example) => {
    const words = example.replace(/ [<>] .*/, '').split(' ');
    expect(words.slice(0, path.split(' ').length).join(' ')).toBe(path);
    const rest = words.slice(path.split(' ').length);
    const options = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined);
    expect(command.parseOptions(path === 'exec' ? [] : options).unknown.filter((word) => word !== '-c')).toEqual(
      options.includes('-c') ? [options[options.indexOf('-c') + 1]] : [],
    );
  });
});

test('every example belongs to a command', () => {
  const known = commands.map(([path]) => path);
  expect(Object.keys(EXAMPLES).filter((path) => !known.includes(path))).toEqual([]);
});

test.each([
  [['help', 'nope'], "there is no command 'nope'"],
  [['help', 'tenant', 'lsx'], "there is no command 'lsx'"],
  [['help', 'exit-statu'], 'Did you mean exit-status?'],
  [['tenant'], '`tenement tenant --help` lists the commands.'],
  [['ps', '--nope'], '`tenement ps --help` shows what it takes'],
  [['tenant', 'ls', '--pln', 'x'], 'Did you mean --plan?'],
])('%j says what was meant', async (argv, message) => {
  const { status, err } = await cli(argv);
  expect([status, err]).toEqual([2, expect.stringContaining(message)]);
});
