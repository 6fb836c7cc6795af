/** Colours of states. */
import type { State } from '../../core/lifecycle/instance.ts';
import type { TenantState } from '../../core/tenants/tenant-state.ts';
import type { Format } from './color.ts';

const COLORS: Readonly<Record<string, Format>> = {
  ready: 'green',
  active: 'green',
  starting: 'cyan',
  provisioning: 'cyan',
  draining: 'yellow',
  stopping: 'yellow',
  backoff: 'yellow',
  expired: 'yellow',
  over_quota: 'yellow',
  failed: 'red',
  asleep: 'dim',
  suspended: 'dim',
  stopped: 'magenta',
} satisfies Record<State | TenantState, Format>;

export function stateColor(state: string): Format | null {
  return COLORS[state] ?? null;
}
