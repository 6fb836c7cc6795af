import { expect, test } from 'vitest';
import { run } from '../../scripts/tests/command.ts';
import { lineOf, type Outcome } from '../../scripts/tests/outcome.ts';

const PASSED: Outcome = { passed: 2, failed: [], errors: 0 };
const FAILED: Outcome = {
  passed: 1,
  failed: [{ file: 'test/a.test.ts', name: 'starts', reason: 'timed out' }],
  errors: 0,
};

/** The outcome of a command that prints these lines and ends with this status. */
async function outcomeOf(status: number, ...lines: readonly string[]) {
  const printed: string[] = [];
  const script = `for (const line of ${JSON.stringify(lines)}) console.log(line); process.exitCode = ${status};`;
  const outcome = await run([process.execPath, '-e', script], (line) => printed.push(line));
  return { outcome, printed };
}

test("a command's printed outcomes are added up, and the rest of its output is passed on", async () => {
  const { outcome, printed } = await outcomeOf(1, 'first', lineOf(PASSED), 'second', lineOf(FAILED));
  expect(outcome).toEqual({ passed: 3, failed: FAILED.failed, errors: 0 });
  expect(printed).toEqual(['first', 'second']);
});

test('a command that fails without a reported failure counts as one error', async () => {
  expect((await outcomeOf(1, lineOf(PASSED))).outcome).toEqual({ passed: 2, failed: [], errors: 1 });
  expect((await outcomeOf(1)).outcome).toEqual({ passed: 0, failed: [], errors: 1 });
  expect((await outcomeOf(0)).outcome).toEqual({ passed: 0, failed: [], errors: 0 });
});
