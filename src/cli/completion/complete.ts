/** What may stand at the cursor of a command line, for the completion of shells. */
import type { Argument, Command, Option } from 'commander';
import { STATES } from '../../core/lifecycle/instance.ts';
import { operands } from '../command-words.ts';
import { type NameKind, namesOf } from './names.ts';

export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** `files`: the shell completes names of files itself. */
export type Candidates = readonly Candidate[] | 'files';

interface Line {
  /** The program with the command that the line names. */
  readonly program: Command;
  /** The names of all commands, since loading them takes longer than anybody waits for a completion. */
  readonly names: readonly string[];
  /** The words before the cursor's, without the program. */
  readonly words: readonly string[];
  /** The beginning of the word at the cursor. */
  readonly current: string;
  readonly env: NodeJS.ProcessEnv;
}

type Source = NameKind | 'files' | readonly string[];

const OF_ARGUMENTS: Readonly<Record<string, Source>> = {
  instance: 'instances',
  service: 'services',
  tenant: 'tenants',
  other: 'tenants',
  id: 'tenants',
  ids: 'tenants',
  domain: 'domains',
  file: 'files',
  command: 'files',
};
const OF_OPTIONS: Readonly<Record<string, Source>> = {
  '--service': 'services',
  '--plan': 'plans',
  '--id': 'tenants',
  '--tenant': 'tenants',
  '--state': STATES,
  '--config': 'files',
  '--output': 'files',
  '--passphrase-file': 'files',
  '--data-dir': 'files',
  '--dir': 'files',
  '--log-level': ['debug', 'info', 'warn', 'error'],
};
/** Commands whose argument is a new name, or one that the server tells nobody. */
const UNKNOWN_ARGUMENTS = new Set(['tenant create', 'token create', 'token revoke', 'backup']);

export async function candidatesFor(line: Line): Promise<Candidates> {
  const { words, current } = line;
  if (words.includes('--')) return 'files';
  const { command, path, depth } = commandAt(line);
  const open = openOption(words.at(-1), command);
  if (open !== null)
    return within(await fromSource(open.argChoices ?? OF_OPTIONS[open.long ?? ''] ?? [], line), current);
  if (current.startsWith('-')) return within(optionsOf(command), current);
  const given = givenOperands(words, command).slice(depth);
  if (command === line.program) return given.length === 0 ? within(named(line.names), current) : [];
  if (command.commands.length > 0 && given.length === 0) return within(subcommandsOf(command), current);
  const argument = argumentAt(command, given.length);
  if (argument === undefined || UNKNOWN_ARGUMENTS.has(path)) return [];
  const isService = argument.name() === 'instance' && words.includes('--all');
  const source = argument.argChoices ?? (isService ? 'services' : OF_ARGUMENTS[argument.name()]) ?? [];
  return within(await fromSource(source, line), current);
}

/** Lists the words that are neither options of the command nor values of these. */
function givenOperands(words: readonly string[], command: Command): string[] {
  return words.filter((word, index) => !word.startsWith('-') && openOption(words[index - 1], command) === null);
}

/** Finds the command that the words name. */
function commandAt({ program, words }: Line): { command: Command; path: string; depth: number } {
  let command = program;
  const path: string[] = [];
  for (const word of operands(words)) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub === undefined) break;
    command = sub;
    path.push(word);
  }
  return { command, path: path.join(' '), depth: path.length };
}

/** Returns the option whose value stands at the cursor. */
function openOption(previous: string | undefined, command: Command): Option | null {
  if (previous === undefined) return null;
  const found = allOptions(command).find(({ long, short }) => previous === long || previous === short);
  return found !== undefined && (found.required || found.optional) ? found : null;
}

function allOptions(command: Command): Option[] {
  return command.parent === null ? [...command.options] : [...command.options, ...allOptions(command.parent)];
}

function optionsOf(command: Command): Candidate[] {
  const known = allOptions(command).filter(({ hidden }) => !hidden);
  const help = { value: '--help', about: 'explain the command, with examples' };
  return [...known.flatMap(({ long, description }) => (long ? [{ value: long, about: description }] : [])), help];
}

function subcommandsOf(command: Command): Candidate[] {
  return command.commands.map((sub) => ({ value: sub.name(), about: sub.description() }));
}

/** The last argument may be one that takes several words. */
function argumentAt({ registeredArguments: all }: Command, index: number): Argument | undefined {
  const last = all.at(-1);
  return all[index] ?? (last?.variadic === true ? last : undefined);
}

async function fromSource(source: Source, { words, env }: Line): Promise<Candidates> {
  if (source === 'files') return 'files';
  const values = typeof source === 'string' ? await namesOf(source as NameKind, configOf(words), env) : source;
  return named(values);
}

function named(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, about: '' }));
}

function configOf(words: readonly string[]): string | undefined {
  const at = words.findLastIndex((word) => word === '-c' || word === '--config');
  return at === -1 ? undefined : words[at + 1];
}

function within(candidates: Candidates, current: string): Candidates {
  return candidates === 'files' ? candidates : candidates.filter(({ value }) => value.startsWith(current));
}
