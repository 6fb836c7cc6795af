/** Rewords the schema's errors for the person who wrote the file. */
import { z } from 'zod';
import type { KeyPath } from '../locate.ts';
import { configSchema } from '../schema.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import { isSecretKey } from './secret-values.ts';

type Issue = z.core.$ZodIssue;

/** @param raw the parsed file */
export function schemaProblems(error: z.ZodError, raw: unknown): Problem[] {
  const unknown = error.issues.flatMap(unknownKeys);
  const rest = onePerPath(error.issues.flatMap((issue) => otherProblems(issue, raw)));
  // A misspelt key is also a missing one; only the misspelling is reported.
  return [
    ...unknown,
    ...rest.filter(
      ({ path }) =>
        !unknown.some((one) => one.meant !== null && isAt(path.length === 0 ? ['service'] : path, one.meant)),
    ),
  ];
}

/** Keeps the last of several problems with one value, which concerns the value as a whole. */
function onePerPath(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem.path), problem])).values()];
}

/** Returns the paths whose values the schema rejected, so that the rest of the file can be read without them. */
export function rejectedPaths(error: z.ZodError): KeyPath[] {
  return error.issues.flatMap((issue) => {
    const path = pathOf(issue);
    return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
  });
}

/** Concerns the file as a whole. */
export const NO_SERVICE: Problem = { path: [], message: 'no service; add [service.NAME] with a command' };

interface UnknownKey extends Problem {
  /** Path of the key that was probably meant. */
  readonly meant: KeyPath | null;
}

function unknownKeys(issue: Issue): UnknownKey[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const path = pathOf(issue);
  const known = keysAt(path);
  return issue.keys.map((key) => {
    const near = nearest(key, known);
    const meant = near === null ? null : [...path, near];
    const message = unknownKey(key, path, near, known);
    return { path: [...path, key], meant, message, part: 'key', isTypo: meant !== null };
  });
}

/** A longer list of keys would hide the message. */
const MAX_LISTED = 12;

function unknownKey(key: string, path: KeyPath, near: string | null, known: readonly string[]): string {
  const home = homesOf(key).find((table) => table !== path[0]);
  if (near !== null && path.length === 0) return `unknown table, did you mean [${headOf(near)}]?`;
  if (near !== null) return `unknown key, did you mean "${near}"?`;
  if (home !== undefined) return `unknown key here; it belongs in [${headOf(home)}]`;
  if (known.length > MAX_LISTED)
    return `unknown key; docs/config.md and tenement.toml(5) have all keys of [${headOf(String(path[0]))}]`;
  return `unknown key; known are ${known.join(', ')}`;
}

/** Tables that contain a table for each name. */
const NAMED = ['service', 'plan'];

/** Returns the heading of a table without its outer brackets. */
function headOf(table: string): string {
  if (table === 'notify') return '[notify]';
  return NAMED.includes(table) ? `${table}.NAME` : table;
}

/** Lists the tables that have a key of that name. */
function homesOf(key: string): string[] {
  const tables = ['settings', 'proxy', 'api', 'service', 'routing', 'tenants', 'plan', 'notify'];
  const pathOfOne = (table: string) => ([...NAMED, 'notify'].includes(table) ? [table, 'any'] : [table]);
  return tables.filter((table) => keysAt(pathOfOne(table)).includes(key));
}

function otherProblems(issue: Issue, raw: unknown): Problem[] {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') return [];
  if (issue.code === 'invalid_key') return [{ path, message: badName(issue, path), part: 'key' }];
  if (isAt(path, ['service']) && valueAt(raw, path) === undefined) return [NO_SERVICE];
  return [{ path, message: wrongValue(issue, path, valueAt(raw, path)) }];
}

function wrongValue(issue: Issue, path: KeyPath, value: unknown): string {
  if (isComplete(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') return wrongType(issue.expected, path, value);
  if (issue.code === 'invalid_value')
    return `expected ${alternatives(issue.values)}, but this is ${shown(value, path)}`;
  if (issue.code === 'too_small' || issue.code === 'too_big') return outOfRange(issue, value);
  return `${value === undefined ? 'missing: ' : ''}${lowerFirst(issue.message)}`;
}

/** Whether the schema's message already contains the expectation and the value (`describeMismatch`). */
function isComplete(message: string): boolean {
  return message.startsWith('expected ') && message.includes(', but this is ');
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  if (typeof value !== 'number') return issue.code === 'too_small' ? 'is empty' : 'is too long';
  const range = issue.code === 'too_small' ? `${issue.minimum} or more` : `${issue.maximum} or less`;
  return `expected ${range}, but this is ${value}`;
}

function alternatives(values: readonly unknown[]): string {
  const words = values.map((value) => JSON.stringify(value));
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** Returns what is wrong when a key lies where only names are; null: it is no key of such a table. */
function nameless(path: KeyPath): string | null {
  const [table, key] = path.map(String);
  if (path.length !== 2 || table === undefined || !NAMED.includes(table)) return null;
  if (!keysAt([table, 'any']).includes(key ?? '')) return null;
  return `a ${table} has a name: write [${table}.NAME] above its keys`;
}

/** Begins the message of `label`, which is worded for a value. */
const OF_LABELS = 'expected a DNS label';

function badName({ issues: [own] }: z.core.$ZodIssueInvalidKey, path: KeyPath): string {
  const problem = nameless(path);
  if (problem !== null) return problem;
  if (own !== undefined && !own.message.startsWith(OF_LABELS)) return own.message;
  const name = String(path.at(-1));
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const rule = 'a name is 1 to 63 of a-z, 0-9 and -, with no - at either end';
  return better === '' || better === name ? rule : `${rule}; for example "${better}"`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list in [ ]',
  record: 'a table',
  object: 'a table',
};

function wrongType(expected: string, path: KeyPath, value: unknown): string {
  if (value === undefined) return `missing: expected ${TYPES[expected] ?? expected}`;
  return nameless(path) ?? `expected ${TYPES[expected] ?? expected}, but this is ${shown(value, path)}`;
}

function shown(value: unknown, path: KeyPath): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a table';
  if (isSecretKey(path)) return `a ${typeof value}`;
  return JSON.stringify(value).slice(0, 80);
}

function valueAt(raw: unknown, path: KeyPath): unknown {
  let value = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, part) ? (value as Record<string | number, unknown>)[part] : undefined;
  }
  return value;
}

function isAt(path: KeyPath, other: KeyPath): boolean {
  return path.length === other.length && path.every((part, index) => String(part) === String(other[index]));
}

function pathOf(issue: Issue): (string | number)[] {
  return issue.path.filter((part) => typeof part !== 'symbol');
}

/** Lists the keys that the schema has in the table at a path. */
function keysAt(path: KeyPath): readonly string[] {
  let schema: unknown = configSchema;
  for (const part of path) {
    const inner = unwrap(schema);
    if (inner instanceof z.ZodObject) schema = inner.shape[String(part)];
    else if (inner instanceof z.ZodRecord) schema = inner.valueType;
    else if (inner instanceof z.ZodArray) schema = inner.element;
  }
  const table = unwrap(schema);
  return table instanceof z.ZodObject ? Object.keys(table.shape) : [];
}

function unwrap(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  return inner;
}

function lowerFirst(text: string): string {
  const message = text.replace(/^Invalid (input|option|string): /, '');
  return message.charAt(0).toLowerCase() + message.slice(1);
}
