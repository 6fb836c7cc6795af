/** A reporter for vitest that prints the outcome of a run as one line. */
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { type Failure, lineOf } from './outcome.ts';

const MAX_LINES = 16;
const MAX_CHARACTERS = 300;

export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const whole = modules.filter((module) => !isBroken(module));
    const passed = whole.flatMap((module) => [...module.children.allTests('passed')]).length;
    console.log(lineOf({ passed, failed: modules.flatMap(failuresOf), errors: unhandledErrors.length }));
  }
}

function failuresOf(module: TestModule): Failure[] {
  const file = module.relativeModuleId;
  if (isBroken(module)) return [{ file, name: null, reason: reasonOf(errorsOf(module)) }];
  return [...module.children.allTests('failed')].map((test) => ({
    file,
    name: test.fullName,
    reason: reasonOf(test.result().errors ?? []),
  }));
}

function errorsOf(module: TestModule): readonly SerializedError[] {
  return [module, ...module.children.allSuites()].flatMap((suite) => suite.errors());
}

/** A message often says only that two values differ; the difference says how. */
function reasonOf([error]: readonly SerializedError[]): string {
  if (error === undefined) return '';
  const text = stripVTControlCharacters(`${error.message}\n${error['diff'] ?? ''}`);
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines
    .slice(0, MAX_LINES)
    .map((line) => line.slice(0, MAX_CHARACTERS))
    .join('\n');
}

/** The file failed outside of its tests: during its load, or in a hook. */
function isBroken(module: TestModule): boolean {
  const suites = [module, ...module.children.allSuites()];
  if (suites.some((suite) => suite.errors().length > 0)) return true;
  return module.state() === 'failed' && [...module.children.allTests('failed')].length === 0;
}
