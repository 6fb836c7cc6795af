/** A tenant: one customer, with a directory and a user id that its services share. Pure. */
import { TenementError } from '../../errors.ts';

/** A DNS label (RFC 1123 §2.1): safe left of a dot in a host name, and as one name in a path. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

/** @throws {TenementError} `bad_id` when `tenantId` is not a DNS label. */
export function assertTenantId(tenantId: unknown): asserts tenantId is string {
  if (typeof tenantId === 'string' && isLabel(tenantId)) return;
  const shown = typeof tenantId === 'string' ? JSON.stringify(tenantId.slice(0, 80)) : String(tenantId);
  throw new TenementError('bad_id', `${shown} is not a tenant id`);
}

/** Returns the error for a tenant that does not exist, or that the caller may not see. */
export function unknownTenant(tenantId: string): TenementError {
  return new TenementError('unknown_tenant', `there is no tenant ${tenantId}`, {
    hint: '`tenement tenant ls` lists the tenants; `tenement tenant create` registers one.',
  });
}

/** A tenant as the registry keeps it. */
export interface TenantRecord {
  readonly id: string;
  /** When it was registered, ms since the epoch. */
  readonly createdAtMs: number;
  /**
   * The user id that its directory was given; null: none, or one that only its directory shows. If the two differ, the
   * directory is right, because it moves with a backup of the data.
   */
  readonly uid: number | null;
  /** Name of its plan; null: the default plan. */
  readonly plan: string | null;
  /** When its time ends, ms since the epoch; null: never. */
  readonly expiresAtMs: number | null;
  /** What an operator notes about it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its own variables, which override those of service and plan. */
  readonly env: Readonly<Record<string, string>>;
  /** `stopped`: an operator has stopped it with all its instances. */
  readonly desired: 'active' | 'stopped';
}

/** Returns the record of a tenant that was given nothing of its own. */
export function newTenant(id: string, nowMs: number): TenantRecord {
  return { id, createdAtMs: nowMs, uid: null, plan: null, expiresAtMs: null, labels: {}, env: {}, desired: 'active' };
}

/** Whether an operator has given it nothing that a later registration would lack. */
export function isBare({ plan, expiresAtMs, labels, env, desired }: TenantRecord): boolean {
  const isEmpty = Object.keys(labels).length + Object.keys(env).length === 0;
  return plan === null && expiresAtMs === null && isEmpty && desired === 'active';
}
