/** Codes that log in to the dashboard, once and within a minute, and the sessions that they start. */
import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../../core/access/actor.ts';
import { tokenActor } from '../../core/access/actor.ts';
import { type LoginOwner, newSession } from '../../core/access/session.ts';
import type { Clock } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { TokenInfo, TokenStore } from '../../core/stores/token-store.ts';
import type { LoginCode, LoginFace, StartedSession } from '../../core/verbs/login-verbs.ts';
import { TenementError } from '../../errors.ts';
import { tokenView } from './tokens.ts';

const CODE_MS = 60_000;
/** 144 bits, in 24 characters. */
const CODE_BYTES = 18;
/** Codes that wait for their login; the oldest give way. */
const MAX_CODES = 100;
/** Wrong codes of one address within a minute. A right one is accepted even then. */
const MAX_WRONG = 20;
const WRONG_MS = 60_000;
/** Addresses whose wrong codes are counted. */
const MAX_ADDRESSES = 1000;

export interface LoginsDeps {
  readonly store: Pick<TokenStore, 'startSession' | 'revoke' | 'isValid'>;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
}

interface Waiting {
  readonly owner: LoginOwner;
  readonly expiresAtMs: number;
}

export class Logins implements LoginFace {
  private readonly deps: LoginsDeps;
  /** Hash of a code → whose session it starts, oldest first. */
  private readonly waiting = new Map<string, Waiting>();
  private readonly wrong = new Map<string, { count: number; readonly sinceMs: number }>();

  constructor(deps: LoginsDeps) {
    this.deps = deps;
  }

  makeCode(owner: LoginOwner): LoginCode {
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const expiresAtMs = this.deps.clock.nowMs() + CODE_MS;
    this.waiting.set(hashOf(code), { owner, expiresAtMs });
    for (const hash of [...this.waiting.keys()].slice(0, -MAX_CODES)) this.waiting.delete(hash);
    return { code, expiresAtMs };
  }

  async logIn(code: string, address: string | null): Promise<StartedSession> {
    const owner = this.take(code);
    if (owner === null) throw this.refusal(address ?? '');
    const { store, clock } = this.deps;
    const { token: secret, ...session } = await store.startSession(newSession(owner, clock.nowMs()));
    this.tell('logged-in', session, tokenActor(session, address));
    return { session, secret };
  }

  async logOut(session: TokenInfo, by: Actor): Promise<void> {
    const ended = await this.deps.store.revoke(session.id);
    if (ended !== null) this.tell('logged-out', ended, by);
  }

  /** Uses a code up. Returns null when it starts no session. */
  private take(code: string): LoginOwner | null {
    const hash = hashOf(code);
    const found = this.waiting.get(hash);
    this.waiting.delete(hash);
    if (found === undefined || found.expiresAtMs <= this.deps.clock.nowMs()) return null;
    const { token } = found.owner;
    return token === null || this.deps.store.isValid(token.id) ? found.owner : null;
  }

  private refusal(address: string): TenementError {
    const nowMs = this.deps.clock.nowMs();
    const before = this.wrong.get(address);
    const wrong = before !== undefined && nowMs - before.sinceMs < WRONG_MS ? before : { count: 0, sinceMs: nowMs };
    wrong.count += 1;
    if (this.wrong.size >= MAX_ADDRESSES) this.wrong.clear();
    this.wrong.set(address, wrong);
    if (wrong.count > MAX_WRONG)
      return new TenementError('rate_limited', 'too many wrong login codes from this address', {
        hint: 'Wait a minute, then run `tenement ui` for a new link.',
        retryAfterS: Math.max(1, Math.ceil((wrong.sinceMs + WRONG_MS - nowMs) / 1000)),
      });
    return new TenementError('unauthorized', 'the login link is not valid: it works once, within a minute', {
      hint: 'Run `tenement ui` for a new one.',
    });
  }

  private tell(type: 'logged-in' | 'logged-out', session: TokenInfo, by: Actor): void {
    const { id, name, scope, can, expiresAt } = tokenView(session);
    const message = `${name} (${id}), scope ${scope}, may ${can.join(', ')}`;
    const data = { id, name, scope, can, expiresAt };
    this.deps.events.append({ atMs: this.deps.clock.nowMs(), type, instance: null, message, data, by });
  }
}

/** A code cannot be guessed within its minute, so its hash needs no salt. */
function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}
