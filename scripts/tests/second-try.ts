/** Runs a stage of tests, and each failure once more, alone. Only a test that fails twice fails the run. */
import { type Failure, type Outcome, titleOf } from './outcome.ts';

/** More failures than this mean a broken change, and repeating them all would take hours. */
const MAX_REPEATED = 20;

/** Runs the tests, or with arguments for vitest a part of them. */
export type Run = (args: readonly string[]) => Promise<Outcome>;

export interface Verdict {
  readonly passed: number;
  /** Titles of the tests that failed, and passed when repeated. */
  readonly flaky: readonly string[];
  /** Titles of the tests that failed twice. */
  readonly failed: readonly string[];
  /** Errors outside of any test; they are not repeated. */
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

/** Returns the arguments for vitest that select exactly this test of this file. */
function argumentsFor({ file, name }: Failure): string[] {
  return name === null ? [file] : [file, '--testNamePattern', `^${escaped(name)}$`];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
