/** What this host can give to instances. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../core/service.ts';
import { TenementError } from '../errors.ts';

export interface HostAbilities {
  /** Isolation levels that a service may ask for. */
  readonly isolation: readonly string[];
  /** `writable`: limits can be put into the kernel's hands; `read-only`; `none`: no cgroup version 2. */
  readonly cgroup2: 'writable' | 'read-only' | 'none';
  /** Whether /proc tells processes apart by their start time. */
  readonly proc: boolean;
}

export function hostAbilities(): HostAbilities {
  return { isolation: ['process'], cgroup2: cgroup2(), proc: existsSync('/proc/self/stat') };
}

function cgroup2(): HostAbilities['cgroup2'] {
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'none';
  try {
    accessSync('/sys/fs/cgroup/cgroup.subtree_control', constants.W_OK);
    return 'writable';
  } catch {
    return 'read-only';
  }
}

/** @throws {TenementError} `state_failed` when a directory of the config's cannot be made or written */
export function assertDirectories({ settings }: Config): void {
  const { dataDir, runtimeDir } = settings;
  for (const [key, path] of Object.entries({ data_dir: dataDir, runtime_dir: runtimeDir })) {
    const there = nearestExisting(path);
    const why = whyNotWritable(there);
    if (why === null) continue;
    throw new TenementError('state_failed', `settings.${key} (${path}) cannot be used: ${there} ${why}`, {
      hint: 'Name another directory, or make this one writable for the user that runs `tenement serve`.',
    });
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function whyNotWritable(path: string): string | null {
  if (!statSync(path).isDirectory()) return 'is not a directory';
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch {
    return 'is not writable for this user';
  }
}
