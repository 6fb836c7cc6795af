/** What this host can give to instances. */
import { accessSync, constants, existsSync } from 'node:fs';

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
