/** The terms of a start: all that decides whether it succeeds. Pure. */
import type { LaunchRequest } from '../ports.ts';
import { judgedBy } from '../service/service-keys.ts';

/**
 * A fingerprint of them. An instance that crashed on other terms deserves a new try on these.
 * @param spec of what its process was, or would be, started with
 */
export function startTerms(spec: string, { service, limits }: Pick<LaunchRequest, 'service' | 'limits'>): string {
  return JSON.stringify([spec, ...judgedBy(service), limits]);
}
