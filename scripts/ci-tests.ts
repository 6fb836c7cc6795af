/** The checks and all stages of the tests, as continuous integration runs them. The last line is `N passed, M failed`. */
import { run } from './tests/command.ts';
import { type Verdict, withSecondTries } from './tests/second-try.ts';
import { isGood, summaryOf } from './tests/summary.ts';

const REPORTERS = ['--reporter=default', '--reporter=./scripts/tests/outcome-reporter.ts'];

/** Each stage accepts arguments of vitest. The checks contain no tests: they succeed or count as one error. */
const STAGES: readonly (readonly string[])[] = [
  ['npx', 'vitest', 'run', '--project', 'unit*', '--project', 'process', ...REPORTERS],
  ['npx', 'vitest', 'run', '--project', 'long', ...REPORTERS],
  ['npm', 'run', '--silent', 'test:vm', '--'],
  ['npm', 'run', '--silent', 'test:deb', '--'],
];

const print = (line: string) => console.log(line);
const checks = await run(['npm', 'run', 'check'], print);
const verdicts: Verdict[] = [{ ...checks, flaky: [], failed: [] }];
for (const stage of STAGES) verdicts.push(await withSecondTries((args) => run([...stage, ...args], print), print));
for (const line of summaryOf(verdicts)) print(line);
process.exitCode = isGood(verdicts) ? 0 : 1;
