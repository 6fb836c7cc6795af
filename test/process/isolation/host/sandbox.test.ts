import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sandboxRemedy, whyNoSandbox } from '../../../../src/process/isolation/host/sandbox.ts';
import { makeDir } from '../../support.ts';

const isRoot = process.getuid?.() === 0;

function program(script: string): string {
  const file = join(makeDir(), 'runsc');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const FLAGS = "printf '  -host-uds value\\n    \\tValues: none|open|create|all\\n'";

it.runIf(isRoot)('the sandbox check says where to get a missing program', () => {
  const why = whyNoSandbox(makeDir(), null) ?? '';
  expect([why, sandboxRemedy(why)]).toEqual([
    'runsc (gVisor) is not installed',
    expect.stringMatching(/apt-get install runsc.*https:\/\/gvisor\.dev/),
  ]);
});

it.skipIf(isRoot)('the sandbox check requires root', () => {
  expect(whyNoSandbox(makeDir(), null)).toBe('it needs root');
});

it.runIf(isRoot)('the sandbox check refuses a release that cannot create sockets on the host', () => {
  const why = whyNoSandbox(makeDir(), program('echo "  -fsgofer-host-uds"')) ?? '';
  expect([why, sandboxRemedy(why)]).toEqual([
    expect.stringMatching(/no --host-uds=create$/),
    expect.stringMatching(/2022.*gvisor\.dev/),
  ]);
});

it.runIf(isRoot)('the sandbox check tries runsc, and says why it failed', () => {
  const failing = program(`[ "$1" = flags ] && exec ${FLAGS}\necho 'no ptrace here' >&2; exit 1`);
  expect(whyNoSandbox(makeDir(), failing)).toBe('no ptrace here');
});

it.runIf(isRoot)('the sandbox check accepts a runsc that works', () => {
  expect(whyNoSandbox(makeDir(), program(`[ "$1" = flags ] && ${FLAGS}\nexit 0`))).toBeNull();
});
