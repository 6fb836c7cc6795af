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

it.runIf(isRoot)('says where to get what is missing', () => {
  const why = whyNoSandbox(makeDir(), null) ?? '';
  expect([why, sandboxRemedy(why)]).toEqual([
    'runsc (gVisor) is not installed',
    expect.stringMatching(/apt-get install runsc.*https:\/\/gvisor\.dev/),
  ]);
});

it.skipIf(isRoot)('takes root', () => {
  expect(whyNoSandbox(makeDir(), null)).toBe('it needs root');
});

it.runIf(isRoot)('refuses a release that makes no sockets of the host', () => {
  const why = whyNoSandbox(makeDir(), program('echo "  -fsgofer-host-uds"')) ?? '';
  expect([why, sandboxRemedy(why)]).toEqual([
    expect.stringMatching(/no --host-uds=create$/),
    expect.stringMatching(/2022.*gvisor\.dev/),
  ]);
});

it.runIf(isRoot)('tries it, and tells why it failed', () => {
  const failing = program(`[ "$1" = flags ] && exec ${FLAGS}\necho 'no ptrace here' >&2; exit 1`);
  expect(whyNoSandbox(makeDir(), failing)).toBe('no ptrace here');
});

it.runIf(isRoot)('takes one that runs', () => {
  expect(whyNoSandbox(makeDir(), program(`[ "$1" = flags ] && ${FLAGS}\nexit 0`))).toBeNull();
});
