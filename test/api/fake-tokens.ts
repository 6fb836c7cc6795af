/** Tokens in memory, with texts that a test can predict. */

import type { NewToken } from '../../src/core/access/new-token.ts';
import { newToken, type TokenInput } from '../../src/core/access/new-token.ts';
import { EVERYTHING } from '../../src/core/access/permission.ts';
import type { NewSession, TokenCheck, TokenInfo, TokenStore } from '../../src/core/stores/token-store.ts';

const CREATED_AT_MS = Date.parse('2026-01-01');

export class FakeTokenStore implements TokenStore {
  readonly #tokens = new Map<string, TokenInfo & { token: string }>();
  /** Session → its token. */
  readonly #owners = new Map<string, string>();
  readonly used = () => {};
  readonly #listeners: (() => void)[] = [];

  /** Makes a token, `ci` unless the test says otherwise, and returns it with its text. */
  make(input: TokenInput = {}): Promise<TokenInfo & { token: string }> {
    return this.create(
      newToken({ name: 'ci', ...input }, { nowMs: Date.now(), services: ['api', 'web'], granter: EVERYTHING }),
    );
  }

  async create(asked: NewToken) {
    return this.#add(asked, false);
  }

  async startSession({ tokenId, ...asked }: NewSession) {
    const made = this.#add(asked, true);
    if (tokenId !== null) this.#owners.set(made.id, tokenId);
    return made;
  }

  #add(asked: NewToken, session: boolean) {
    const id = `t${this.#tokens.size + 1}`;
    const made = {
      ...asked,
      id,
      session,
      createdAtMs: session ? Date.now() : CREATED_AT_MS,
      lastUsedAtMs: null,
      token: `secret-${id}`,
    };
    this.#tokens.set(id, made);
    return made;
  }

  list(): TokenInfo[] {
    return Array.from(this.#tokens.values(), withoutText);
  }

  async revoke(id: string): Promise<TokenInfo | null> {
    const found = this.#tokens.get(id);
    if (found === undefined) return null;
    this.#tokens.delete(id);
    for (const [session, owner] of this.#owners) if (owner === id) this.#tokens.delete(session);
    for (const listener of this.#listeners) listener();
    return withoutText(found);
  }

  check(text: string): TokenCheck {
    const found = [...this.#tokens.values()].find(({ token, session }) => token === text && !session);
    if (found === undefined) return { ok: false, why: text.startsWith('mistyped') ? 'mistyped' : 'unknown' };
    const { expiresAtMs } = found;
    if (expiresAtMs !== null && expiresAtMs <= Date.now()) return { ok: false, why: 'expired', expiresAtMs };
    return { ok: true, token: withoutText(found) };
  }

  checkSession(text: string): TokenInfo | null {
    const found = [...this.#tokens.values()].find(({ token, session }) => token === text && session);
    return found === undefined || !this.isValid(found.id) ? null : withoutText(found);
  }

  isValid(id: string): boolean {
    const found = this.#tokens.get(id);
    return found !== undefined && (found.expiresAtMs ?? Number.POSITIVE_INFINITY) > Date.now();
  }

  onRevoked(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

function withoutText({ token: _text, ...info }: TokenInfo & { token: string }): TokenInfo {
  return info;
}
