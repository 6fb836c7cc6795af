/**
 * What is under way on a tenant, as it is written down before its files change: a server that is killed meanwhile leaves
 * it to the next one.
 */

/**
 * The tenant is registered with its first instance, and its directory is being made. Until this is over, none of its
 * instances starts. May be repeated from its beginning.
 */
export interface Registration {
  readonly kind: 'register';
  readonly step: 'directory';
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** The service of the first instance, whose `user` decides to whom the directory belongs. */
  readonly service: string;
}

/**
 * Instances are unregistered, and what they left is being deleted: first, by their hooks, what is outside of tenement, then
 * files. Each step may be repeated from its beginning.
 */
export interface Deletion {
  readonly kind: 'delete';
  readonly step: 'hooks' | 'files';
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** The services of the instances whose logs go. */
  readonly services: readonly string[];
  /** Whether the tenant's directory goes, too: it has no other instance. */
  readonly withDirectory: boolean;
  /** Whether the tenant's record goes, too. */
  readonly withRecord: boolean;
}

/** Returns one deletion for two of the same tenant. */
export function bothDeletions<One extends Omit<Deletion, 'step'>>(one: One, other: Omit<Deletion, 'step'>): One {
  return {
    ...one,
    services: [...new Set([...other.services, ...one.services])],
    withDirectory: one.withDirectory || other.withDirectory,
    withRecord: one.withRecord || other.withRecord,
  };
}

/**
 * A tenant is being made of an archive or of another tenant. It is not registered, so an interrupted one is undone. Its
 * registration takes this one's place in one step.
 */
export interface Import {
  readonly kind: 'import';
  /** `files`: in a directory beside. `place`: about to be in the tenant's place, or there. */
  readonly step: 'files' | 'place';
  /** Ms since the epoch. */
  readonly startedAtMs: number;
}

/**
 * The directory of a registered tenant is being put back as it was. How far it came is seen by the directories that are
 * there (`TenantDirectories.settleRestore`).
 */
export interface Restore {
  readonly kind: 'restore';
  readonly step: 'files';
  /** Ms since the epoch. */
  readonly startedAtMs: number;
}

/** Told apart by `kind`. */
export type TenantOperation = Registration | Deletion | Import | Restore;

/** An operation that was begun and is not over. */
export interface UnfinishedOperation {
  readonly tenantId: string;
  readonly operation: TenantOperation;
}
