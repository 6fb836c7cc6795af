/** What runs hooks. Its code is loaded when the first hook runs. */
import { hookMarkDir } from './core/provisioning/hook-environment.ts';
import type { OpenHookRunner } from './core/provisioning/hook-run.ts';

export function lazyHookRunner(stateDir: string): OpenHookRunner {
  let opened: ReturnType<OpenHookRunner> | null = null;
  const options = { baseEnv: process.env, markDir: hookMarkDir(stateDir) };
  return () => {
    opened ??= import('./process/hooks/hook-runner.ts').then(({ createHookRunner }) => createHookRunner(options));
    return opened;
  };
}
