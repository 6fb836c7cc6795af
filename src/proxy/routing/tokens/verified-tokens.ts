/** Tokens that were verified, so that a client's next request need not wait for that. Pure. */
import type { Said } from '../resolvers/said.ts';

/** With a key of 43 characters and two numbers each, about 2 MB. */
const MAX_TOKENS = 10_000;

interface VerifiedToken {
  readonly said: Said;
  readonly untilMs: number;
}

export class VerifiedTokens {
  private readonly tokens = new Map<string, VerifiedToken>();

  /** Returns what a token says; undefined when it is not known, or has expired. @param hash of the token */
  find(hash: string, nowMs: number): Said | undefined {
    const token = this.tokens.get(hash);
    if (token === undefined || nowMs < token.untilMs) return token?.said;
    this.tokens.delete(hash);
    return undefined;
  }

  /** Adds a token; beyond the limit, the oldest goes. */
  add(hash: string, token: VerifiedToken): void {
    const [oldest] = this.tokens.size < MAX_TOKENS ? [] : this.tokens.keys();
    if (oldest !== undefined) this.tokens.delete(oldest);
    this.tokens.set(hash, token);
  }

  clear(): void {
    this.tokens.clear();
  }
}
