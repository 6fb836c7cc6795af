/** Problems of a config, worded for the person who wrote it. */
import { TenementError } from '../../errors.ts';
import { type KeyPath, lineOf } from '../locate.ts';

export interface Problem {
  /** Path of the key in question; empty: the file. */
  readonly path: KeyPath;
  /** Message without the key: `unknown key, did you mean "command"?` */
  readonly message: string;
}

/**
 * Combines all problems into one error, in the order of the file. The first is the message, the others are the details.
 */
export function configError(
  file: string,
  text: string,
  problems: readonly Problem[],
  code: 'bad_config' | 'socket_path_too_long' = 'bad_config',
): TenementError {
  const placed = problems.map(({ path, message }) => ({ path, message, line: lineOf(text, path) }));
  const inOrder = placed.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const lines = inOrder.map(({ path, message, line }) => {
    const key = path.length === 0 ? '' : `${path.join('.')}: `;
    return `${file}${line === null ? '' : `:${line}`}: ${key}${message}`;
  });
  const [first = `${file}: not a valid config`, ...others] = [...new Set(lines)];
  return new TenementError(code, first, { details: others });
}
