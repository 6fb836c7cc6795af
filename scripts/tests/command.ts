/** Runs a command, passes its output on, and reads the outcome of its tests from it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Outcome, outcomeOf } from './outcome.ts';

/** A command that fails without a reported failure counts as one error. */
export async function run(words: readonly string[], print: (line: string) => void): Promise<Outcome> {
  const [program = '', ...args] = words;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const outcomes: Outcome[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const outcome = outcomeOf(line);
    if (outcome === null) print(line);
    else outcomes.push(outcome);
  }
  const [status] = await ended;
  return withStatus(sumOf(outcomes), status === 0);
}

function sumOf(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.flatMap(({ failed }) => failed),
    errors: outcomes.reduce((sum, { errors }) => sum + errors, 0),
  };
}

function withStatus(outcome: Outcome, isSuccess: boolean): Outcome {
  const isExplained = isSuccess || outcome.failed.length + outcome.errors > 0;
  return isExplained ? outcome : { ...outcome, errors: 1 };
}
