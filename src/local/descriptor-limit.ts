/** How far the limit of open files goes. */
import {
  descriptorsNeeded,
  proxyLimits,
  roomForActivationSockets,
  roomToRun,
  shareDescriptors,
} from '../core/limits/descriptors.ts';
import type { ProxyLimits } from '../core/service/service.ts';

export interface DescriptorNeeds {
  readonly maxRunning: number;
  /** Number of registered instances. */
  readonly registered: number;
  readonly limits: Pick<ProxyLimits, 'maxConnections' | 'maxConnectionsPerClient'>;
}

/** Says for how many instances and connections a limit suffices. @param limit most files that may be open */
export function describeDescriptors({ maxRunning, registered, limits }: DescriptorNeeds, limit: number): string {
  const shares = shareDescriptors(limit, maxRunning, registered);
  const { maxConnections, maxConnectionsPerClient } = proxyLimits(limits, shares);
  const running = Math.min(maxRunning, roomToRun(shares, registered));
  return (
    `open files are limited to ${limit}, enough for ${running} running instances, ` +
    `public sockets of ${roomForActivationSockets(shares, maxRunning)} sleeping instances, ` +
    `and ${Math.min(maxConnections, shares.connections)} connections (${maxConnectionsPerClient} of one address)`
  );
}

/**
 * Says what to set, or returns null when the limit suffices.
 * @param unit the unit that has the limit; null: unknown
 */
export function descriptorWarning(wanted: DescriptorNeeds, limit: number, unit: string | null = null): string | null {
  const { maxRunning, registered, limits } = wanted;
  const needed = descriptorsNeeded(maxRunning, registered, limits.maxConnections);
  if (limit >= needed) return null;
  const remedy =
    unit === null
      ? `set LimitNOFILE=${needed} in the systemd unit, or \`ulimit -n ${needed}\` before the start`
      : `set LimitNOFILE=${needed} in ${unit}`;
  return `${describeDescriptors(wanted, limit)}; for max_running = ${maxRunning}: ${remedy}`;
}
