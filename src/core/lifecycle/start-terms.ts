/** All that decides whether a start succeeds: what the process is started with, and how it is judged. Pure. */
import type { LaunchRequest } from '../ports.ts';

/**
 * A fingerprint of it. An instance that crashed on other terms deserves a new try on these.
 * @param spec of what its process was, or would be, started with
 */
export function startTerms(spec: string, { service, limits }: Pick<LaunchRequest, 'service' | 'limits'>): string {
  const { health, healthHost, healthTimeoutMs, startupTimeoutMs } = service;
  return JSON.stringify([spec, health, healthHost, healthTimeoutMs, startupTimeoutMs, limits]);
}
