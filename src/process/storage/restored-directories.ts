/**
 * The swap of a tenant's directory for one that was restored, by two renames. A kill between them leaves no directory in the
 * tenant's place, which tells the next server to go on.
 */
import { lstatSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import type { TenantDirectories } from '../../core/ports.ts';

type Verbs = Pick<TenantDirectories, 'restoredName' | 'keptBefore' | 'swapIn' | 'settleRestore' | 'discardKept'>;

export interface RestoredDirectories {
  readonly verbs: Verbs;
  /** Paths that a tenant may have beside its directory. */
  pathsOf(tenantId: string): string[];
}

/** @param pathOf returns the path of a tenant's directory @param purge deletes a directory, if it is there */
export function restoredDirectories(
  pathOf: (tenantId: string) => string,
  purge: (path: string) => void,
): RestoredDirectories {
  // No tenant has an id with a dot.
  const waiting = (tenantId: string) => `${pathOf(tenantId)}.restored`;
  const kept = (tenantId: string) => `${pathOf(tenantId)}.before-restore`;
  const takePlace = (tenantId: string) => renameSync(waiting(tenantId), pathOf(tenantId));
  return {
    pathsOf: (tenantId) => [waiting(tenantId), kept(tenantId)],
    verbs: {
      restoredName: (tenantId) => basename(waiting(tenantId)),
      keptBefore: (tenantId) => (isThere(kept(tenantId)) ? kept(tenantId) : null),
      swapIn: (tenantId) => {
        if (isThere(pathOf(tenantId))) renameSync(pathOf(tenantId), kept(tenantId));
        takePlace(tenantId);
        return kept(tenantId);
      },
      settleRestore: (tenantId) => {
        if (!isThere(waiting(tenantId))) return isThere(kept(tenantId)) ? 'finished' : 'undone';
        // With its directory in place its processes may run.
        if (isThere(pathOf(tenantId))) {
          purge(waiting(tenantId));
          return 'undone';
        }
        takePlace(tenantId);
        return 'finished';
      },
      discardKept: (tenantId) => purge(kept(tenantId)),
    },
  };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
