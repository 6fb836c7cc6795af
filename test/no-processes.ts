/** Set-up of unit tests: starting a process fails, so that unit tests stay fast and have no side effects. */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { expect } from 'vitest';

function refuse(): never {
  throw new Error(`${expect.getState().testPath} starts a process: name it in STARTING_PROCESSES of test/stages.ts`);
}

// `spawn`, `exec`, `execFile` and `fork` all use this method.
Object.assign(Object.getPrototypeOf(new childProcess.ChildProcess()), { spawn: refuse });
Object.assign(childProcess, { spawnSync: refuse, execSync: refuse, execFileSync: refuse });
syncBuiltinESMExports();
