/** The directories that a config's sockets lie in, claimed for its server alone. */
import type { Config } from './core/service.ts';
import { socketShares } from './core/socket-path.ts';
import { ensureSocketDirs } from './process/directories.ts';
import { tenantsBoundIn } from './process/strays.ts';
import { assertClaimable, SocketClaims } from './registry/socket-claims.ts';

/** @throws {TenementError} `sockets_taken`, `state_failed` */
export async function claimSockets(config: Config): Promise<SocketClaims> {
  const claims = new SocketClaims({ ...claimantOf(config), prepare: ensureSocketDirs });
  await claims.take(socketShares(config.services.values(), config.settings));
  return claims;
}

/** Whether a server could claim them now. @throws {TenementError} `sockets_taken` when another server has them */
export function assertSocketsFree(config: Config): Promise<void> {
  return assertClaimable(socketShares(config.services.values(), config.settings), claimantOf(config));
}

function claimantOf({ file, settings: { dataDir, stateDir } }: Config) {
  return { config: file, dataDir, stateDir, uid: process.getuid?.() ?? 0, tenantsIn: tenantsBoundIn };
}
