/** Lists what is wrong with a config. */
import { TenementError } from '../../src/errors.ts';

/** Returns one line each, without the file's path; empty when it loads. */
export function problemsOf(load: () => unknown): string[] {
  try {
    load();
    return [];
  } catch (error) {
    if (!(error instanceof TenementError)) throw error;
    return [error.message, ...error.details].map((line) => line.replace(/^.*tenement\.toml:/, ''));
  }
}

/** Takes `LINE:COLUMN: ` away. */
export function withoutPlace(line: string): string {
  return line.replace(/^\d+:\d+: /, '');
}
