/** The terms of a start: everything that decides whether it succeeds. Pure. */
import { limitsIn } from '../limits/limits.ts';
import type { EffectiveService } from '../service/effective-service.ts';
import { judgedBy } from '../service/service-keys.ts';

/**
 * Returns a fingerprint of the terms. An instance that crashed on other terms gets a new try.
 * @param spec fingerprint of what its process was, or would be, started with
 */
export function startTerms(spec: string, service: EffectiveService): string {
  return JSON.stringify([spec, ...judgedBy(service), limitsIn(service)]);
}
