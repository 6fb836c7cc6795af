/** Changes of a tenant's record by an operator. Pure. */
import { TenementError } from '../../errors.ts';
import { type Changes, withChanges } from '../input/changed-names.ts';
import type { Config } from '../service/service.ts';
import { parseExpiry } from './expiry.ts';
import { MAX_LABELS } from './labels.ts';
import type { TenantRecord } from './tenant.ts';

/** Changes of what is a tenant's own. */
export interface TenantChanges {
  /** null: the default plan. */
  readonly plan?: string | null | undefined;
  /** As `parseExpiry` reads it; null: never. */
  readonly expires?: string | null | undefined;
  readonly labels?: Changes<string> | undefined;
  readonly env?: Changes<string> | undefined;
}

/** @throws {TenementError} `bad_input`, `unknown_plan` */
export function changedTenant(
  record: TenantRecord,
  { plan, expires, labels = {}, env = {} }: TenantChanges,
  { plans, nowMs }: Pick<Config, 'plans'> & { readonly nowMs: number },
): TenantRecord {
  if (typeof plan === 'string') assertPlan(plan, plans);
  const changed: TenantRecord = {
    ...record,
    ...(plan !== undefined && { plan }),
    ...(expires !== undefined && { expiresAtMs: expires === null ? null : parseExpiry(expires, nowMs) }),
    labels: withChanges(record.labels, labels),
    env: withChanges(record.env, env),
  };
  const count = Object.keys(changed.labels).length;
  if (count <= MAX_LABELS) return changed;
  throw new TenementError('bad_input', `labels: a tenant has at most ${MAX_LABELS}, and these are ${count}`);
}

/** @throws {TenementError} `unknown_plan` */
function assertPlan(name: string, plans: Config['plans']): void {
  if (plans.has(name)) return;
  const known = [...plans.keys()];
  throw new TenementError('unknown_plan', `there is no plan ${JSON.stringify(name.slice(0, 80))}`, {
    hint: known.length === 0 ? 'The config has no [plan.NAME] tables.' : `Plans in the config: ${known.join(', ')}.`,
  });
}

/** Names what differs between two records, for people; values are left out, because variables may be secret. */
export function changedFields(was: TenantRecord, is: TenantRecord): string[] {
  return [
    ...(was.plan === is.plan ? [] : ['plan']),
    ...(was.expiresAtMs === is.expiresAtMs ? [] : ['expires']),
    ...(was.labels === is.labels ? [] : ['labels']),
    ...(was.env === is.env ? [] : ['env']),
  ];
}

/**
 * Names what `asked` gives that differs from the record. A date is left out: one that is given as a duration is another
 * each time.
 */
export function differenceFrom(
  record: TenantRecord,
  { plan, labels = {}, env = {} }: Pick<TenantChanges, 'plan' | 'labels' | 'env'>,
): string[] {
  return [
    ...(plan === undefined || plan === record.plan ? [] : ['plan']),
    ...(withChanges(record.labels, labels) === record.labels ? [] : ['labels']),
    ...(withChanges(record.env, env) === record.env ? [] : ['variables']),
  ];
}
