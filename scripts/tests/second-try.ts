/** Runs a stage of tests, and each failure once more, alone. Only a test that fails twice fails the run. */
import { type Failure, type Outcome, titleOf } from './outcome.ts';

/** More failures than this mean a broken change, and repeating them all would take hours. */
const MAX_REPEATED = 20;

/** Runs the tests, or with arguments for vitest a part of them. */
export type Run = (args: readonly string[]) => Promise<Outcome>;

export interface Failed {
  readonly title: string;
  /** Of the first time. */
  readonly reason: string;
}

export interface Verdict {
  readonly passed: number;
  /** Tests that failed, and passed when repeated. */
  readonly flaky: readonly Failed[];
  /** Tests that failed twice. */
  readonly failed: readonly Failed[];
  /** Errors outside of any test; they are not repeated. */
  readonly errors: number;
}

export async function withSecondTries(run: Run, say: (line: string) => void): Promise<Verdict> {
  const first = await run([]);
  if (first.failed.length > MAX_REPEATED) return { ...first, flaky: [], failed: first.failed.map(told) };
  let { passed } = first;
  const flaky: Failed[] = [];
  const failed: Failed[] = [];
  for (const failure of first.failed) {
    say(`repeating: ${titleOf(failure)}`);
    const second = await run(argumentsFor(failure));
    passed += second.passed;
    const hasPassed = second.passed > 0 && second.failed.length + second.errors === 0;
    if (hasPassed) say(`flaky: ${titleOf(failure)}`);
    (hasPassed ? flaky : failed).push(told(failure));
  }
  return { passed, flaky, failed, errors: first.errors };
}

function told(failure: Failure): Failed {
  return { title: titleOf(failure), reason: failure.reason };
}

/** Returns the arguments for vitest that select exactly this test of this file. */
function argumentsFor({ file, name }: Failure): string[] {
  return name === null ? [file] : [file, '--testNamePattern', `^${escaped(name)}$`];
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
