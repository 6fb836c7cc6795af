/** What is wrong with a config, in the words of its reader. */
import leven from 'leven';
import type { z } from 'zod';
import { TenementError } from '../errors.ts';
import { type KeyPath, lineOf } from './locate.ts';

export interface Problem {
  /** Of the key that is wrong. */
  readonly path: KeyPath;
  /** Without the key: `unknown key, did you mean "command"?` */
  readonly message: string;
}

/** A word close enough to be what was meant, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  const byDistance = known
    .map((name) => ({ name, distance: leven(word, name) }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = byDistance;
  return first !== undefined && first.distance <= Math.max(2, word.length / 3) ? first.name : null;
}

/** The problems that the schema found; `keysAt` tells which keys are known in a table. */
export function problemsOf(error: z.ZodError, keysAt: (path: KeyPath) => readonly string[]): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: lowerFirst(issue.message) }];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, keysAt(path)) }));
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === null ? `unknown key; known are ${known.join(', ')}` : `unknown key, did you mean "${near}"?`;
}

function lowerFirst(text: string): string {
  const message = text.replace(/^Invalid (input|option|string): /, '');
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** All problems as one error: the first in its message, the others in its hint. */
export function configError(
  file: string,
  text: string,
  problems: readonly Problem[],
  code: 'bad_config' | 'socket_path_too_long' = 'bad_config',
): TenementError {
  const lines = problems.map(({ path, message }) => {
    const line = lineOf(text, path);
    return `${file}${line === null ? '' : `:${line}`}: ${path.join('.')}: ${message}`;
  });
  const [first = `${file}: not a valid config`, ...others] = lines;
  return new TenementError(code, first, others.length === 0 ? {} : { hint: `Also wrong: ${others.join('; ')}` });
}
