/** Types of events. The registry may keep events of other types from an older server. Pure. */

export const EVENT_TYPES = [
  // Actions of an operator or of a config.
  'spawned',
  'removed',
  'exec',
  'token-created',
  'token-revoked',
  'logged-in',
  'logged-out',
  'reloaded',
  'reload-failed',
  'rollout-halted',
  'changed',
  // A tenant as a whole.
  'tenant-created',
  'tenant-changed',
  'tenant-stopped',
  'tenant-started',
  'tenant-removed',
  'tenant-exported',
  'tenant-imported',
  'tenant-cloned',
  'expired',
  // Backups.
  'backed-up',
  'backup-failed',
  'restored',
  'restore-failed',
  'restore-discarded',
  // Certificates.
  'certificate-issued',
  'certificate-failed',
  // Domains of a tenant's own.
  'domain-added',
  'domain-removed',
  'domain-verified',
  'secret-set',
  'secret-removed',
  'secret-rotated',
  'secrets-rekeyed',
  // Hooks of a tenant.
  'provisioned',
  'provision-failed',
  'deprovisioned',
  'deprovision-failed',
  'measure-failed',
  // Starts, service and rest of an instance.
  'started',
  'woke',
  'restarted',
  'adopted',
  'ready',
  'slept',
  'suspended',
  'thawed',
  'stopped',
  // Other ends of an instance.
  'exited',
  'ended',
  'cleared',
  'crashed',
  'unhealthy',
  'oom-killed',
  'no-room',
  'spawn-failed',
  'start-failed',
  'start-timeout',
  'backoff',
  'failed',
  'over-storage',
  'storage-ok',
  // Quotas of a tenant.
  'quota-80',
  'quota-100',
  // Notifications that will never be delivered.
  'notify-dropped',
  'notify-given-up',
  // Events of the server itself.
  'internal-error',
] as const;

/** What an event says. */
export type EventType = (typeof EVENT_TYPES)[number];

/** Returns what is wrong with a type to filter by, or null. */
export function eventTypeProblem(type: unknown): string | null {
  if ((EVENT_TYPES as readonly unknown[]).includes(type)) return null;
  return `expected one of ${EVENT_TYPES.join(', ')}`;
}
