/** Whether this host can give `isolation = "sandbox"`: tried, since a kernel or a container may forbid what is installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from './bundle.ts';
import { findRunsc, runWords, WHERE_TO_GET } from './command.ts';

const TRY_TIMEOUT_MS = 20_000;

/** Those that have run a program: trying takes half a second, and a reload asks again. */
const tried = new Set<string>();

/** null: it can. Leaves nothing behind. */
export function whyNoSandbox(runsc = findRunsc()): string | null {
  if (process.getuid?.() !== 0) return 'it takes root';
  if (runsc === null) return `runsc (gVisor) is not installed: apt-get install runsc, or ${WHERE_TO_GET}`;
  if (tried.has(runsc)) return null;
  // Before that release an application's socket was no socket of the host's.
  const { stdout, stderr } = spawnSync(runsc, ['flags'], { encoding: 'utf8', timeout: TRY_TIMEOUT_MS });
  if (!/^\s*-host-uds .*\n.*\bcreate\b/m.test(`${stdout}${stderr}`))
    return `${runsc} has no --host-uds=create, which releases from December 2022 on have: ${WHERE_TO_GET}`;
  return whyNotRun(runsc);
}

function whyNotRun(runsc: string): string | null {
  const stateDir = mkdtempSync(join(tmpdir(), 'tenement-'));
  try {
    const container = makeBundle({ stateDir, bindSocket: stateDir }, 'none', {
      words: ['/bin/true'],
      env: {},
      cwd: '/',
      user: null,
      hostname: 'trial',
      nofileLimit: null,
      layers: [],
      bindDir: stateDir,
      tmpBytes: 4096,
      wholeHost: true,
    });
    const [file = '', ...args] = runWords(runsc, container);
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: TRY_TIMEOUT_MS, env: {} });
    if (status === 0) tried.add(runsc);
    return status === 0 ? null : (stderr ?? '').trim().split('\n')[0] || 'runsc failed';
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}
