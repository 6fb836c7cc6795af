/** What runs hooks. Its code is loaded when the first hook runs. */

import { lazy } from '../core/lazy.ts';
import { hookMarkDir } from '../core/provisioning/hook-environment.ts';
import type { OpenHookRunner } from '../core/provisioning/hook-run.ts';

export function lazyHookRunner(stateDir: string): OpenHookRunner {
  const options = { baseEnv: process.env, markDir: hookMarkDir(stateDir) };
  return lazy(async () => {
    const { createHookRunner } = await import('../process/hooks/hook-runner.ts');
    return createHookRunner(options);
  });
}
