/** The end of what continuous integration prints. */
import type { Failed, Verdict } from './second-try.ts';

/** The last line is `N passed, M failed`. */
export function summaryOf(verdicts: readonly Verdict[]): string[] {
  const flaky = verdicts.flatMap((verdict) => verdict.flaky);
  const failed = verdicts.flatMap((verdict) => verdict.failed);
  const lines = [...failed.flatMap((test) => told('failed', test)), ...flaky.flatMap((test) => told('flaky', test))];
  return [...lines, `${sum(verdicts, 'passed')} passed, ${failed.length + sum(verdicts, 'errors')} failed`];
}

function told(what: string, { title, reason }: Failed): string[] {
  const lines = reason.split('\n').filter((line) => line !== '');
  return [`${what}: ${title}`, ...lines.map((line) => `  ${line}`)];
}

export function isGood(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(({ failed, errors }) => failed.length + errors === 0);
}

function sum(verdicts: readonly Verdict[], key: 'passed' | 'errors'): number {
  return verdicts.reduce((total, verdict) => total + verdict[key], 0);
}
