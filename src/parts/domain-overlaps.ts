/** Warns of a config that makes domains of tenants names of the proxy's own. */
import { overlaps } from '../core/domains/overlaps.ts';
import type { Config } from '../core/service/service.ts';
import { lookAtDomains } from '../registry/look.ts';

/** Returns a sentence for each such domain; none when the registry cannot be read. */
export function domainOverlaps({ settings, proxy }: Config): string[] {
  return lookAtDomains(settings.stateDir, (domains) => overlaps(proxy, domains)) ?? [];
}
