import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Prints `VM_TESTS <passed> <failed>` when all tests are done. A report in a file would be lost with the VM.
 */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = (state: 'passed' | 'failed') =>
      modules.flatMap((module) => [...module.children.allTests(state)]).length;
    // A file that could not be loaded has no tests to count, yet it failed.
    const broken = modules.filter((module) => module.state() === 'failed' && module.children.size === 0);
    console.log(`VM_TESTS ${count('passed')} ${count('failed') + broken.length + unhandledErrors.length}`);
  }
}
