/** The levels of isolation under test, as keys of a service, and whether this version and this host support them. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tenement } from '../e2e/command.ts';

export const LEVELS = [
  { name: 'process', keys: '', alone: '' },
  { name: 'process + user', keys: 'user = "dynamic"', alone: '' },
  { name: 'namespace', keys: 'isolation = "namespace"', alone: '' },
  {
    name: 'namespace, no network',
    keys: 'isolation = "namespace"',
    alone: 'network = "none"',
  },
  { name: 'sandbox, no network', keys: 'isolation = "sandbox"', alone: 'network = "none"' },
] as const;

export type Level = (typeof LEVELS)[number];
export type LevelName = Level['name'];

/** Small enough for each attempt to exceed, large enough for Node. */
export const CAPS = {
  memory_limit_mb: 256,
  pids_limit: 100,
  nofile_limit: 256,
  storage_limit_mb: 32,
} as const;
export type Cap = keyof typeof CAPS;

export const CAP_KEYS: Readonly<Record<Cap, string>> = {
  memory_limit_mb: `memory_limit_mb = ${CAPS.memory_limit_mb}`,
  pids_limit: `pids_limit = ${CAPS.pids_limit}`,
  nofile_limit: `nofile_limit = ${CAPS.nofile_limit}`,
  storage_limit_mb: `storage_limit_mb = ${CAPS.storage_limit_mb}\nstorage_action = "stop"`,
};

/** A public socket in the tenant's own directory, together with everything that is made beside a public socket. */
export const HOMELY = 'socket = "{tenant_dir}/app.sock"';

const known = new Map<string, Promise<string | null>>();

/**
 * Returns null when `tenement check` accepts a service with the keys of this level, and `more`, without a warning about
 * them; otherwise the reason.
 */
export function supported({ keys, alone }: Level, more = ''): Promise<string | null> {
  if (process.getuid?.() !== 0) return Promise.resolve('these are about a server that root runs');
  const all = [keys, alone, more].join('\n');
  const answer = known.get(all) ?? check(all);
  known.set(all, answer);
  return answer;
}

async function check(keys: string): Promise<string | null> {
  const dir = mkdtempSync(join(tmpdir(), 'tnm-'));
  chmodSync(dir, 0o711);
  try {
    const file = join(dir, 'tenement.toml');
    writeFileSync(file, `[service.app]\ncommand = "true"\n${keys}\n`, { mode: 0o600 });
    const { status, stdout, stderr } = await tenement(['check', '-c', file], { XDG_RUNTIME_DIR: dir });
    if (status !== 0) return stderr.trim().replaceAll(`${file}:`, '');
    return stdout.split('\n').find((line) => line.startsWith('warning: service.')) ?? null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
