/** Says what remains to be done when systemd has read changed units. Pure. */
import { basename } from 'node:path';
import type { UnitChange } from './write-units.ts';

export const START = 'systemctl enable --now tenement';
export const ENABLE = 'systemctl enable tenement';
const SERVICE = 'tenement.service';
const TENANTS = 'tenement-tenants.service';

/** A unit after its file was written. */
export interface UnitStanding extends Pick<UnitChange, 'path' | 'kind'> {
  /** Whether systemd runs it, or does not run it yet, as an earlier file said. */
  readonly isOutdated: boolean;
}

export interface NextSteps {
  /** Commands after which the server runs under the units. They refuse no connection to a socket that stays, and end no tenant. */
  readonly steps: readonly string[];
  /** What only takes effect when all tenants end. */
  readonly later: readonly string[];
}

/** systemd stops the service first, then starts the sockets, and starts the service last, in whatever order they are named. */
export function nextSteps(standings: readonly UnitStanding[]): NextSteps {
  const named = standings.map((one) => ({ ...one, name: basename(one.path) }));
  const of = (isMeant: (one: (typeof named)[number]) => boolean) => named.filter(isMeant).map(({ name }) => name);
  if (of(({ name, kind }) => name === SERVICE && kind === 'new').length > 0) return { steps: [START], later: [] };
  const pending = of(({ kind, isOutdated }) => kind === 'changed' || kind === 'new' || isOutdated);
  const gone = of(({ kind }) => kind === 'removed');
  const sockets = pending.filter((name) => name.endsWith('.socket'));
  const isToRestart = gone.length > 0 || pending.some((name) => name !== TENANTS);
  return {
    steps: [
      // The links of a socket that is new.
      ...(of(({ name, kind }) => kind === 'new' && name.endsWith('.socket')).length > 0 ? [ENABLE] : []),
      ...(isToRestart ? [['systemctl restart', SERVICE, ...sockets].join(' ')] : []),
      ...(gone.length > 0 ? [['systemctl stop', ...gone].join(' ')] : []),
    ],
    later: pending.includes(TENANTS) ? [`systemctl restart ${TENANTS}   # ends all tenants`] : [],
  };
}
