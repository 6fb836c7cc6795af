/** The outcome of one run of tests, and its line of output. A report in a file would be lost with a VM. */

/** A failed test, or a whole file (`name` null) that could not be loaded, or in which a hook failed. */
export interface Failure {
  /** The path relative to the checkout. */
  readonly file: string;
  /** The titles of the test's suites and its own, joined with ` > `. */
  readonly name: string | null;
  /** What was wrong, in a few lines. */
  readonly reason: string;
}

export interface Outcome {
  /** Counts of tests, without those of files that failed as a whole. */
  readonly passed: number;
  readonly failed: readonly Failure[];
  /** Errors outside of any test: an unhandled rejection, a VM that did not boot. */
  readonly errors: number;
}

const PREFIX = 'TEST_OUTCOME ';

export function lineOf(outcome: Outcome): string {
  return `${PREFIX}${JSON.stringify(outcome)}`;
}

/** Returns null for any other line. */
export function outcomeOf(line: string): Outcome | null {
  return line.startsWith(PREFIX) ? JSON.parse(line.slice(PREFIX.length)) : null;
}

export function titleOf({ file, name }: Failure): string {
  return name === null ? file : `${file} > ${name}`;
}
