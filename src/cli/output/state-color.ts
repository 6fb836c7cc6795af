/** Colours of states. */
import type { CertificateState } from '../../core/acme/certificate-view.ts';
import type { State } from '../../core/lifecycle/instance.ts';
import type { TenantState } from '../../core/tenants/tenant-state.ts';
import type { Format } from './color.ts';

const COLORS: Readonly<Record<string, Format>> = {
  ready: 'green',
  active: 'green',
  issued: 'green',
  starting: 'cyan',
  ordering: 'cyan',
  waiting: 'dim',
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
} satisfies Record<State | TenantState | CertificateState, Format>;

export function stateColor(state: string): Format | null {
  return COLORS[state] ?? null;
}
