/** A reporter for vitest that prints the outcome of a run as one line. */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { type Failure, lineOf } from './outcome.ts';

export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const whole = modules.filter((module) => !isBroken(module));
    const passed = whole.flatMap((module) => [...module.children.allTests('passed')]).length;
    console.log(lineOf({ passed, failed: modules.flatMap(failuresOf), errors: unhandledErrors.length }));
  }
}

function failuresOf(module: TestModule): Failure[] {
  const file = module.relativeModuleId;
  if (isBroken(module)) return [{ file, name: null }];
  return [...module.children.allTests('failed')].map((test) => ({ file, name: test.fullName }));
}

/** The file failed outside of its tests: during its load, or in a hook. */
function isBroken(module: TestModule): boolean {
  const suites = [module, ...module.children.allSuites()];
  if (suites.some((suite) => suite.errors().length > 0)) return true;
  return module.state() === 'failed' && [...module.children.allTests('failed')].length === 0;
}
