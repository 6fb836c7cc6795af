/**
 * Says which tenant a token names. A token that was verified before is answered in the same step, any other one as soon as
 * its signature is checked, which Node does in a thread. Only a token with an unknown key waits for the issuer.
 */
import { hash } from 'node:crypto';
import { CLOCK_SKEW_S, type TokenRules } from '../../../core/identity/jwt-config.ts';
import type { KeyFeed, VerificationKeys } from '../../../core/identity/key-feed.ts';
import { lazy } from '../../../core/lazy.ts';
import type { Said } from '../resolvers/said.ts';
import { badToken } from './challenge.ts';
import type { Verification, Verify } from './signatures.ts';
import { type Claims, tenantClaim } from './tenant-claim.ts';
import { VerifiedTokens } from './verified-tokens.ts';

/** How long a request waits for keys that may be new. */
const KEY_WAIT_MS = 5000;
/** How long a token without an end is remembered. */
const ENDLESS_MS = 300_000;

export interface TokenSettings extends TokenRules {
  /** Names of claims in the order in which they are looked for. */
  readonly claims: readonly string[];
}

export class TokenVerifier {
  private readonly keys: KeyFeed;
  private settings: TokenSettings;
  private readonly verified = new VerifiedTokens();
  /** Tokens that are being verified, so that a page with many requests costs one verification. */
  private readonly pending = new Map<string, Promise<Said>>();
  private readonly signatures = lazy(() => import('./signatures.ts'));
  private verifier: { readonly version: number; readonly verify: Verify } | null = null;

  constructor(keys: KeyFeed, settings: TokenSettings) {
    this.keys = keys;
    this.settings = settings;
    // A key that was taken back may have signed any of them.
    keys.follow(() => this.verified.clear());
  }

  apply(settings: TokenSettings): void {
    this.settings = settings;
    this.verifier = null;
    this.verified.clear();
    this.pending.clear();
  }

  verify(token: string): Said | Promise<Said> {
    const key = hash('sha256', token, 'base64url');
    const before = this.verified.find(key, Date.now());
    if (before !== undefined) return before;
    return this.pending.get(key) ?? this.begin(key, token);
  }

  private begin(key: string, token: string): Promise<Said> {
    const { settings } = this;
    const said = this.check(token).then(({ keys, verification }) => {
      if ('problem' in verification) return badToken(verification.problem);
      const named = tenantClaim(verification.claims, settings.claims);
      // Keys may have been taken back meanwhile, or other claims be looked for.
      const isCurrent = keys.version === this.keys.current.version && settings === this.settings;
      if (isCurrent) this.verified.add(key, { said: named, untilMs: endOf(verification.claims) });
      return named;
    });
    const settled = said.finally(() => {
      if (this.pending.get(key) === settled) this.pending.delete(key);
    });
    this.pending.set(key, settled);
    return settled;
  }

  private async check(token: string): Promise<Checked> {
    const keys = this.keys.current;
    const verification = await this.verifyWith(keys, token);
    if (!mayHaveNewKey(verification)) return { keys, verification };
    await this.newerKeys();
    const newer = this.keys.current;
    if (newer.version === keys.version) return { keys, verification };
    return { keys: newer, verification: await this.verifyWith(newer, token) };
  }

  private async verifyWith(keys: VerificationKeys, token: string): Promise<Verification> {
    const { verifierFor } = await this.signatures();
    if (this.verifier?.version !== keys.version)
      this.verifier = { version: keys.version, verify: verifierFor(keys, this.settings) };
    return this.verifier.verify(token);
  }

  private async newerKeys(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, KEY_WAIT_MS);
    await Promise.race([this.keys.refresh(), late]);
    clearTimeout(timer);
  }
}

interface Checked {
  /** The keys that it was verified with. */
  readonly keys: VerificationKeys;
  readonly verification: Verification;
}

/** Returns until when a token is remembered, in ms since the epoch. */
function endOf({ exp }: Claims): number {
  return typeof exp === 'number' ? (exp + CLOCK_SKEW_S) * 1000 : Date.now() + ENDLESS_MS;
}

/** Whether the issuer may have published a key that makes a token good. A token without a key id may be of any key. */
function mayHaveNewKey(verification: Verification): boolean {
  if (!('problem' in verification)) return false;
  const { problem, isKeyed } = verification;
  return problem === 'unknown-key' || (problem === 'signature' && !isKeyed);
}
