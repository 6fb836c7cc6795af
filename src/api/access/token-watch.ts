/** Ends streams whose token is revoked or expires while they are open. */
import type { TokenInfo, TokenStore } from '../../core/stores/token-store.ts';
import { nextLookMs } from '../../core/tenants/expiry.ts';

interface Watched {
  readonly token: TokenInfo;
  readonly end: () => void;
}

export class TokenWatch {
  readonly #tokens: Pick<TokenStore, 'isValid' | 'used'>;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tokens: Pick<TokenStore, 'isValid' | 'used' | 'onRevoked'>) {
    this.#tokens = tokens;
    tokens.onRevoked(() => this.#look());
  }

  /**
   * Calls `end` once when the token is valid no more, which may be at once. The returned function gives up watching.
   * @param token null: nothing is watched
   */
  watch(token: TokenInfo | null, end: () => void): () => void {
    if (token === null) return () => {};
    const watched = { token, end };
    this.#watched.add(watched);
    this.#look();
    return () => {
      this.#watched.delete(watched);
      this.#schedule();
    };
  }

  /** Notes that a stream of the token is still open, so that a session which only looks on is not idle. */
  used(token: TokenInfo | null): void {
    if (token !== null) this.#tokens.used(token);
  }

  #look(): void {
    for (const watched of this.#watched) {
      if (this.#isValid(watched.token.id)) continue;
      this.#watched.delete(watched);
      watched.end();
    }
    this.#schedule();
  }

  /** A registry that cannot be read gives nobody access. */
  #isValid(id: string): boolean {
    try {
      return this.#tokens.isValid(id);
    } catch {
      return false;
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const expiries = Array.from(this.#watched, ({ token }) => token.expiresAtMs).filter((atMs) => atMs !== null);
    const delayMs = nextLookMs(expiries, Date.now());
    this.#timer = delayMs === null ? undefined : setTimeout(() => this.#look(), delayMs).unref();
  }
}
