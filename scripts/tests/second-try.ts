/** Runs a stage of tests, and each of its failures once more, alone: only what fails twice has failed. */
import { type Failure, type Outcome, titleOf } from './outcome.ts';

/** So many failures at once are no flaky tests: the change is broken, and to repeat them all would take hours. */
const MAX_REPEATED = 20;

/** Runs the tests; with arguments for vitest, a part of them. */
export type Run = (args: readonly string[]) => Promise<Outcome>;

export interface Verdict {
  readonly passed: number;
  /** Titles of the tests that failed, and passed when they were repeated. */
  readonly flaky: readonly string[];
  /** Titles of the tests that failed twice. */
  readonly failed: readonly string[];
  /** Faults that belong to no test; they are not repeated. */
  readonly errors: number;
}

export async function withSecondTries(run: Run, say: (line: string) => void): Promise<Verdict> {
  const first = await run([]);
  if (first.failed.length > MAX_REPEATED) return { ...first, flaky: [], failed: first.failed.map(titleOf) };
  let { passed } = first;
  const flaky: string[] = [];
  const failed: string[] = [];
  for (const failure of first.failed) {
    say(`repeating: ${titleOf(failure)}`);
    const second = await run(argumentsFor(failure));
    passed += second.passed;
    const hasPassed = second.passed > 0 && second.failed.length + second.errors === 0;
    if (hasPassed) say(`flaky: ${titleOf(failure)}`);
    (hasPassed ? flaky : failed).push(titleOf(failure));
  }
  return { passed, flaky, failed, errors: first.errors };
}

/** Of vitest: this test of this file, and no other whose title begins or ends with the same words. */
function argumentsFor({ file, name }: Failure): string[] {
  return name === null ? [file] : [file, '--testNamePattern', `^${escaped(name)}$`];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
