/** Keeps a proxy's router for `tenant_from` up to date. */
import { type KeyFeed, NO_KEY_FEED } from '../../core/identity/key-feed.ts';
import { RefusalCounts, type RefusalReason } from '../../core/identity/refusal-counts.ts';
import type { TokenSource } from '../../core/identity/tenant-source.ts';
import type { InstanceName } from '../../core/lifecycle/instance.ts';
import type { IdentitySettings, ProxySettingsFeed } from '../../core/routing/proxy-settings.ts';
import type { Logger } from '../../logger.ts';
import type { Routes } from './resolvers/host.ts';
import { type NotedRefusal, TenantRouter } from './tenant-router.ts';
import { type TokenSettings, TokenVerifier } from './tokens/token-verifier.ts';

export interface IdentityOptions {
  /** Keys that verify tokens. */
  readonly keys: KeyFeed;
  /** Counts requests that are refused for what they say of their tenant. */
  readonly refusals: RefusalCounts;
}

const NO_TOKENS: IdentityOptions = { keys: NO_KEY_FEED, refusals: new RefusalCounts() };

/** What is followed for, and used by, the router. */
interface Followed extends Routes {
  readonly source: { has(instance: InstanceName): boolean };
  readonly logger: Logger;
  identity: TenantRouter | null;
}

/** Sets the router of `gateway`, now and whenever settings are published. */
export function followIdentity(
  settings: ProxySettingsFeed,
  gateway: Followed,
  options: IdentityOptions = NO_TOKENS,
): void {
  const { keys, refusals } = options;
  const has = (instance: InstanceName) => gateway.source.has(instance);
  const onRefused = (refusal: NotedRefusal) => note(refusal, refusals, gateway.logger);
  let verifier: TokenVerifier | null = null;
  let applied = '';
  settings.follow(({ identity, routing: { anyDomain } }) => {
    const tokens = identity === null ? null : tokenSettings(identity);
    if (tokens !== null && JSON.stringify(tokens) !== applied) {
      applied = JSON.stringify(tokens);
      if (verifier === null) verifier = new TokenVerifier(keys, tokens);
      else verifier.apply(tokens);
    }
    gateway.identity =
      identity === null ? null : new TenantRouter({ identity, anyDomain, routes: gateway, verifier, has, onRefused });
  });
}

function tokenSettings({ sources, tokens }: IdentitySettings): TokenSettings | null {
  const source = sources.find((one): one is TokenSource => one.kind === 'jwt');
  return source === undefined || tokens === null ? null : { ...tokens, claims: source.claims };
}

/** Everyday refusals: sessions end, and people come without one. */
const USUAL: readonly RefusalReason[] = ['no-token', 'expired'];

/** Never logs a token, or what it says. */
function note({ reason, sources, host }: NotedRefusal, refusals: RefusalCounts, logger: Logger): void {
  const requests = refusals.count(reason, performance.now());
  if (requests === null) return;
  const about = { reason, requests, sources, lastHost: host };
  if (USUAL.includes(reason)) logger.info(about, 'requests refused');
  else if (reason === 'mismatch-warned')
    logger.warn(about, 'requests name different tenants; on_mismatch lets them pass');
  else logger.warn(about, 'requests refused');
}
