/** A service under a plan that bounds its keys. Pure. */
import { stricter } from '../limits/limits.ts';
import type { ServiceConfig } from '../service/service.ts';
import { BOUNDS, type BoundField, type Bounds } from './plan.ts';

/** Returns the bounded keys of a service under a plan: the stricter value, or the plan's where the service has none. */
export function boundedBy(service: ServiceConfig, bounds: Bounds): Pick<ServiceConfig, BoundField> {
  const fields = Object.keys(BOUNDS) as BoundField[];
  return Object.fromEntries(fields.map((field) => [field, bounded(service, field, bounds[field])])) as Pick<
    ServiceConfig,
    BoundField
  >;
}

function bounded(service: ServiceConfig, field: BoundField, bound: number | undefined): number | null {
  const own = service[field];
  if (bound === undefined || own === null || service.defaulted.includes(field)) return bound ?? own;
  return BOUNDS[field] === 'none'
    ? Math.min(own, bound)
    : unlimitedAsZero(stricter(zeroAsNull(own), zeroAsNull(bound)));
}

function zeroAsNull(value: number): number | null {
  return value === 0 ? null : value;
}

function unlimitedAsZero(value: number | null): number {
  return value ?? 0;
}
