/** How states and events are told apart at a glance: by a word, and by a tone that colours it. Pure. */
import type { State } from '../../core/lifecycle/instance.ts';
import type { TenantState } from '../../core/tenants/tenant-state.ts';

/** `good`: serves. `rest`: nothing runs, as it should be. `busy`: on its way. `off`: by intent. */
export type Tone = 'good' | 'rest' | 'busy' | 'warn' | 'bad' | 'off';

export const INSTANCE_TONES: Readonly<Record<State, Tone>> = {
  ready: 'good',
  asleep: 'rest',
  suspended: 'rest',
  starting: 'busy',
  draining: 'busy',
  stopping: 'busy',
  backoff: 'bad',
  failed: 'bad',
  stopped: 'off',
};

export const TENANT_TONES: Readonly<Record<TenantState, Tone>> = {
  active: 'good',
  provisioning: 'busy',
  over_quota: 'warn',
  expired: 'off',
  stopped: 'off',
};

const OTHER_TONES: Readonly<Record<string, Tone>> = {
  pending: 'warn',
  issued: 'good',
  ordering: 'busy',
  waiting: 'busy',
};

export function toneOf(state: string): Tone {
  const tones: Readonly<Record<string, Tone>> = { ...OTHER_TONES, ...TENANT_TONES, ...INSTANCE_TONES };
  return (Object.hasOwn(tones, state) ? tones[state] : undefined) ?? 'rest';
}

const BAD_EVENTS = new Set([
  'crashed',
  'unhealthy',
  'oom-killed',
  'spawn-failed',
  'start-failed',
  'start-timeout',
  'failed',
  'no-room',
  'internal-error',
  'backup-failed',
  'restore-failed',
  'certificate-failed',
  'provision-failed',
  'deprovision-failed',
  'reload-failed',
  'rollout-halted',
]);
const WARNING_EVENTS = new Set([
  'backoff',
  'expired',
  'over-storage',
  'quota-80',
  'quota-100',
  'measure-failed',
  'notify-dropped',
  'notify-given-up',
]);
const GOOD_EVENTS = new Set([
  'ready',
  'storage-ok',
  'provisioned',
  'certificate-issued',
  'domain-verified',
  'backed-up',
]);

export function eventTone(type: string): Tone {
  if (BAD_EVENTS.has(type)) return 'bad';
  if (WARNING_EVENTS.has(type)) return 'warn';
  return GOOD_EVENTS.has(type) ? 'good' : 'rest';
}
