/** Tries whether this host can give `isolation = "sandbox"`; a kernel or a container may forbid what is installed. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { makeBundle } from '../runsc/bundle.ts';
import { findRunsc, runWords, WHERE_TO_GET } from '../runsc/command.ts';
import { trialDir } from './directories.ts';

const TRY_TIMEOUT_MS = 20_000;

/** Successful trials: each takes half a second, and a reload asks again. */
const tried = new Set<string>();

const NOT_ROOT = 'it needs root';
const NOT_INSTALLED = 'runsc (gVisor) is not installed';
const TOO_OLD = 'has no --host-uds=create';

/**
 * Returns why containers cannot be run; null: they can. Leaves nothing behind.
 * @param stateDir where bundles will be; it may not exist yet
 */
export function whyNoSandbox(stateDir: string, runsc = findRunsc()): string | null {
  if (process.getuid?.() !== 0) return NOT_ROOT;
  if (runsc === null) return NOT_INSTALLED;
  if (tried.has(runsc)) return null;
  // In older releases an application's socket was not visible on the host.
  const { stdout, stderr } = spawnSync(runsc, ['flags'], { encoding: 'utf8', timeout: TRY_TIMEOUT_MS });
  if (!/^\s*-host-uds .*\n.*\bcreate\b/m.test(`${stdout}${stderr}`)) return `${runsc} ${TOO_OLD}`;
  return whyNotRun(runsc, stateDir);
}

function whyNotRun(runsc: string, beside: string): string | null {
  const stateDir = trialDir(beside);
  try {
    const container = makeBundle(
      { parent: stateDir, bindSocket: stateDir },
      { network: 'none', mayConnect: false },
      {
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
      },
    );
    const [file = '', ...args] = runWords(runsc, container);
    const { status, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: TRY_TIMEOUT_MS, env: {} });
    if (status === 0) tried.add(runsc);
    return status === 0 ? null : (stderr ?? '').trim().split('\n')[0] || 'runsc failed';
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Returns a sentence without its full stop. */
export function sandboxRemedy(why: string): string {
  if (why === NOT_ROOT) return 'Run tenement as root';
  if (why === NOT_INSTALLED) return `Install it: apt-get install runsc, or ${WHERE_TO_GET}`;
  if (why.endsWith(TOO_OLD)) return `Install a release from December 2022 or later: ${WHERE_TO_GET}`;
  return 'Allow root to create namespaces, mount and trace processes here: a container needs the capabilities that docs/containers.md names';
}
