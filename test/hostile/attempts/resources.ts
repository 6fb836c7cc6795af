/** More resources than the limits. */
import { readFileSync } from 'node:fs';
import { type Attempt, BOMBER, by } from '../attempt.ts';
import { fillDisk, fillMemory, fork, keepDeleted } from '../choreography/bombs.ts';
import { CAPS, LEVELS } from '../levels.ts';
import { DELETED, DISK, SAME_USER } from './reasons.ts';

const asRoot = { process: SAME_USER };
const host = BOMBER;

/** include/uapi/linux/capability.h */
const CAP_SYS_RESOURCE = 24n;

function mayRaiseLimits(): boolean {
  const held = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${held}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

export const RESOURCES: readonly Attempt[] = [
  {
    what: `start more than pids_limit = ${CAPS.pids_limit} processes (of 2000)`,
    tryIt: fork,
    worksAt: {},
    cap: 'pids_limit',
  },
  {
    what: 'leave the cgroup that caps it',
    tryIt: by('leave-cgroup', () => ({}), { host }),
    worksAt: asRoot,
    cap: 'pids_limit',
  },
  {
    what: `fill 1 GiB of memory past memory_limit_mb = ${CAPS.memory_limit_mb}`,
    tryIt: fillMemory,
    worksAt: {},
    cap: 'memory_limit_mb',
  },
  {
    what: 'write 64 MiB to the disk without storage_limit_mb',
    tryIt: by('fill-disk', () => ({})),
    worksAt: Object.fromEntries(LEVELS.map(({ name }) => [name, DISK])),
  },
  {
    what: `keep 64 MiB on disk past storage_limit_mb = ${CAPS.storage_limit_mb}`,
    tryIt: fillDisk,
    worksAt: {},
    cap: 'storage_limit_mb',
  },
  {
    what: `keep 64 MiB in a deleted file past storage_limit_mb = ${CAPS.storage_limit_mb}`,
    tryIt: keepDeleted,
    worksAt: {
      process: DELETED,
      'process + user': DELETED,
      namespace: DELETED,
      'namespace, no network': DELETED,
      'sandbox, no network': DELETED,
    },
    cap: 'storage_limit_mb',
  },
  {
    what: `open more than nofile_limit = ${CAPS.nofile_limit} files (of 100,000)`,
    tryIt: by('fill-descriptors', () => ({ limit: CAPS.nofile_limit }), { host }),
    worksAt: {},
    cap: 'nofile_limit',
  },
  {
    what: 'raise its nofile_limit',
    lack: () => (mayRaiseLimits() ? null : 'on this machine not even root has CAP_SYS_RESOURCE'),
    tryIt: by('raise-limit', () => ({ limit: CAPS.nofile_limit }), { host }),
    worksAt: asRoot,
    cap: 'nofile_limit',
  },
];
