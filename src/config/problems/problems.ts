/** Problems of a config, worded for the person who wrote it. */
import { type SourceExcerpt, TenementError } from '../../errors.ts';
import { type KeyPath, type Part, placesOf, type Span } from '../locate.ts';
import { withoutSecrets } from './secret-values.ts';

export interface Problem {
  /** Path of the key in question; empty: the file. */
  readonly path: KeyPath;
  /** Message without the key: `unknown key, did you mean "command"?` */
  readonly message: string;
  /** What to point at; default: the value, if the file has one. */
  readonly part?: Part;
  /** The piece of the value to point at, if the value is written with it. */
  readonly word?: string;
  /** Whether a key is misspelt, which may be the cause of other problems. */
  readonly isTypo?: boolean;
}

/**
 * Combines all problems into one error: misspelt keys, then the rest, each in the order of the file. The first is the
 * message, the others are the details.
 */
export function configError(
  file: string,
  text: string,
  problems: readonly Problem[],
  code: 'bad_config' | 'socket_path_too_long' = 'bad_config',
): TenementError {
  const spans = placesOf(
    text,
    problems.map(({ path, part = 'value' }) => ({ path, part })),
  );
  const found = problems.map((problem, index) => described(file, text, problem, spans[index] ?? null));
  const inOrder = found.toSorted((a, b) => Number(b.isTypo) - Number(a.isTypo) || order(a.excerpt, b.excerpt));
  const once = [...new Map(inOrder.map((one) => [one.line, one])).values()];
  const [first = `${file}: not a valid config`, ...others] = once.map(({ line }) => line);
  return new TenementError(code, first, { details: others, excerpts: once.map(({ shown }) => shown) });
}

/** Returns the piece of a line that an error is about. */
export function excerptOf(text: string, { line, column, length }: Span): SourceExcerpt {
  return { line, column, length, text: (text.split('\n')[line - 1] ?? '').replace(/\r$/, '') };
}

function described(file: string, text: string, problem: Problem, span: Span | null) {
  const { path, message, word, isTypo = false } = problem;
  const key = path.length === 0 ? '' : `${path.join('.')}: `;
  if (span === null) return { line: `${file}: ${key}${message}`, isTypo, excerpt: null, shown: null };
  const excerpt = narrowed(excerptOf(text, span), word);
  const shown = withoutSecrets(excerpt, text, word !== undefined && message.includes(word));
  return { line: `${file}:${excerpt.line}:${excerpt.column}: ${key}${message}`, isTypo, excerpt, shown };
}

function narrowed(excerpt: SourceExcerpt, word: string | undefined): SourceExcerpt {
  const { text, column, length } = excerpt;
  const at = word === undefined ? -1 : text.slice(column - 1, column - 1 + length).indexOf(word);
  return at === -1 || word === undefined ? excerpt : { ...excerpt, column: column + at, length: word.length };
}

function order(a: SourceExcerpt | null, b: SourceExcerpt | null): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}
