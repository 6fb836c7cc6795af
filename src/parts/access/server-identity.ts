/** What all proxies of a server share about tokens: their keys, and the counts of refused requests. */
import type { IdentityReading } from '../../core/identity/identity-reading.ts';
import type { JwtConfig } from '../../core/identity/jwt-config.ts';
import { RefusalCounts } from '../../core/identity/refusal-counts.ts';
import { IssuerKeys } from '../../identity/issuer-keys.ts';
import type { Logger } from '../../logger.ts';
import { systemClock } from '../../node/clock.ts';

export interface ServerIdentity {
  readonly keys: IssuerKeys;
  readonly refusals: RefusalCounts;
  readonly reading: IdentityReading;
}

/** Begins to load the keys of `[routing.jwt]`. */
export function openIdentity(jwt: JwtConfig | null, logger: Logger): ServerIdentity {
  const keys = new IssuerKeys({ clock: systemClock, logger, steadyMs: () => performance.now() });
  const refusals = new RefusalCounts();
  keys.apply(jwt);
  return { keys, refusals, reading: { health: () => keys.health(), refused: () => refusals.entries() } };
}
