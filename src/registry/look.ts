/** A look into a registry that a server may be using. Nothing is written. */
import { join } from 'node:path';
import type { DomainStore } from '../core/stores/domain-store.ts';
import { loadExperimental } from '../node/experimental.ts';
import { createDomainStore } from './domains.ts';

const sqlite = loadExperimental('node:sqlite');
/** How long to wait for a server that opens the registry. */
const WAIT_MS = 1000;

/** Calls `look` with the domains. Returns null when there are none yet, or this user may not read them. */
export function lookAtDomains<Value>(stateDir: string, look: (domains: DomainStore) => Value): Value | null {
  try {
    const database = new sqlite.DatabaseSync(join(stateDir, 'tenement.db'), { readOnly: true, timeout: WAIT_MS });
    try {
      return look(createDomainStore(database));
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}
