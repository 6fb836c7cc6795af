/** Help texts: groups of commands, examples, topics. Loaded when help is asked for. */
import type { Command } from 'commander';
import { nearest } from '../../config/problems/nearest.ts';
import { TenementError } from '../../errors.ts';
import { EXAMPLES } from './examples.ts';
import { TOPICS } from './topics.ts';

/** In the order of the help. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'Set up:': ['init', 'serve', 'check', 'install', 'front', 'completion'],
  'Instances:': [
    ...['spawn', 'ps', 'top', 'status', 'logs', 'start', 'stop', 'restart', 'sleep', 'wake'],
    ...['set', 'exec', 'rm'],
  ],
  'Tenants:': ['tenant', 'domain', 'cert', 'secret', 'usage', 'verify'],
  'Copies of tenants:': ['backup', 'restore', 'export', 'import', 'clone'],
  'Server:': ['ui', 'reload', 'events', 'token', 'notify'],
};

/** Adds groups and examples to a program with all the commands that its help shows. */
export function addHelp(program: Command): void {
  const groupOf = (name: string) => Object.entries(GROUPS).find(([, names]) => names.includes(name))?.[0];
  const order = Object.values(GROUPS).flat();
  // Commander shows groups in the order of their first command.
  (program.commands as Command[]).sort((a, b) => order.indexOf(a.name()) - order.indexOf(b.name()));
  for (const command of program.commands) {
    const group = groupOf(command.name());
    if (group !== undefined) command.helpGroup(group);
    addExamples(command, command.name());
  }
  const help = program.createCommand('help').argument('[command]');
  help.description('explain a command, or one of the topics below').helpGroup('Server:');
  program.addHelpCommand(help).addHelpText('after', topicList);
}

function addExamples(command: Command, path: string): void {
  for (const sub of command.commands) addExamples(sub, `${path} ${sub.name()}`);
  const examples = EXAMPLES[path];
  if (examples === undefined) return;
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  tenement ${line}`).join('\n')}`);
}

function topicList(): string {
  const width = Math.max(...Object.keys(TOPICS).map((name) => name.length));
  const lines = Object.entries(TOPICS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `\nTopics:\n${lines.join('\n')}\n\n\`tenement help COMMAND\` explains a command, with examples.`;
}

export function topicText(name: string): string | null {
  return Object.hasOwn(TOPICS, name) ? (TOPICS[name]?.text() ?? null) : null;
}

/** @throws {TenementError} `usage`: there is neither a command nor a topic of that name */
export function assertHelpKnows(words: readonly string[], program: Command): void {
  let command = program;
  for (const word of words) {
    const names = command.commands.map((one) => one.name());
    const sub = command.commands.find((one) => one.name() === word);
    if (sub === undefined) throw unknown(word, command === program ? [...names, ...Object.keys(TOPICS)] : names);
    command = sub;
  }
}

function unknown(word: string, known: readonly string[]): TenementError {
  const near = nearest(word, known);
  return new TenementError(
    'usage',
    `there is no command '${word}'`,
    near === null ? {} : { hint: `Did you mean ${near}?` },
  );
}
