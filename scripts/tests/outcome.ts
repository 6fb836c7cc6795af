/** What one run of tests came to, and the line of output that carries it: a report in a file would be lost with a VM. */

/** One test that failed, or a whole file (`name` null): it could not be loaded, or one of its hooks failed. */
export interface Failure {
  /** Relative to the checkout. */
  readonly file: string;
  /** The titles of its suites and its own, joined with ` > `. */
  readonly name: string | null;
}

export interface Outcome {
  /** Tests; those of files that failed as a whole are not among them. */
  readonly passed: number;
  readonly failed: readonly Failure[];
  /** Faults that belong to no test: an unhandled rejection, a machine that did not boot. */
  readonly errors: number;
}

const PREFIX = 'TEST_OUTCOME ';

export function lineOf(outcome: Outcome): string {
  return `${PREFIX}${JSON.stringify(outcome)}`;
}

/** @returns null for any other line */
export function outcomeOf(line: string): Outcome | null {
  return line.startsWith(PREFIX) ? JSON.parse(line.slice(PREFIX.length)) : null;
}

export function titleOf({ file, name }: Failure): string {
  return name === null ? file : `${file} > ${name}`;
}
