/** What an event may be of. An older server's events, which the registry keeps, may have had other types. Pure. */

export const EVENT_TYPES = [
  // What an operator or a config did.
  'spawned',
  'removed',
  'exec',
  'reloaded',
  'reload-failed',
  'rollout-halted',
  // How instances start, serve and rest.
  'started',
  'woke',
  'restarted',
  'adopted',
  'ready',
  'slept',
  'suspended',
  'thawed',
  'stopped',
  // How they end otherwise.
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
  // Of the server itself.
  'internal-error',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What is wrong with a type to filter by, or null. */
export function eventTypeProblem(type: unknown): string | null {
  if ((EVENT_TYPES as readonly unknown[]).includes(type)) return null;
  return `expected one of ${EVENT_TYPES.join(', ')}`;
}
