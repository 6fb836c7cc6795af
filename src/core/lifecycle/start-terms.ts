/** The terms of a start: everything that decides whether it succeeds. Pure. */
import type { LaunchRequest } from '../ports.ts';
import { judgedBy } from '../service/service-keys.ts';

/**
 * Returns a fingerprint of the terms. An instance that crashed on other terms gets a new try.
 * @param spec fingerprint of what its process was, or would be, started with
 */
export function startTerms(spec: string, { service, limits }: Pick<LaunchRequest, 'service' | 'limits'>): string {
  return JSON.stringify([spec, ...judgedBy(service), limits]);
}
