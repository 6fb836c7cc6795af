/** Services whose tenants are root, where their walls may be taken for more than they are. */
import type { ServiceConfig } from '../core/service.ts';

/** A sentence for each; none unless root runs this. */
export function sharedUserWarnings(services: Iterable<ServiceConfig>, uid = process.getuid?.()): string[] {
  if (uid !== 0) return [];
  return [...services]
    .filter(({ isolation, user }) => isolation !== 'process' && user === null)
    .map(
      ({ name }) =>
        `tenants of service.${name} run as root, without its capabilities, and can read what only root may: ` +
        'set user = "dynamic" (docs/isolation.md)',
    );
}
