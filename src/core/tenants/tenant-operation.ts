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

/** An instance is unregistered, and what it left is being deleted. May be repeated from its beginning. */
export interface Deletion {
  readonly kind: 'delete';
  readonly step: 'files';
  /** Ms since the epoch. */
  readonly startedAtMs: number;
  /** The services of the instances whose logs go. */
  readonly services: readonly string[];
  /** Whether the tenant's directory goes, too: it has no other instance. */
  readonly withDirectory: boolean;
  /** Whether the tenant's record goes, too. */
  readonly withRecord: boolean;
}

/** Told apart by `kind`. */
export type TenantOperation = Registration | Deletion;

/** An operation that was begun and is not over. */
export interface UnfinishedOperation {
  readonly tenantId: string;
  readonly operation: TenantOperation;
}
