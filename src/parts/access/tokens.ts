/** Makes and revokes API tokens, and tells the event log. */
import type { Actor } from '../../core/access/actor.ts';
import { newToken } from '../../core/access/new-token.ts';
import type { Grants } from '../../core/access/permission.ts';
import { scopeText } from '../../core/access/scope.ts';
import type { Clock } from '../../core/ports.ts';
import type { EventLog } from '../../core/stores/event-log.ts';
import type { TokenInfo, TokenStore } from '../../core/stores/token-store.ts';
import type { MadeToken, TokenFace, TokenVerbs, TokenView } from '../../core/verbs/token-verbs.ts';
import { TenementError } from '../../errors.ts';

export interface TokensDeps {
  readonly store: TokenStore;
  readonly events: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  /** Names of the services that the config has now. */
  services(): readonly string[];
}

export class Tokens implements TokenFace {
  private readonly deps: TokensDeps;

  constructor(deps: TokensDeps) {
    this.deps = deps;
  }

  by(actor: Actor, granter: Grants): TokenVerbs {
    return {
      create: (input) => this.create(input, actor, granter),
      revoke: (id) => this.revoke(id, actor),
    };
  }

  list(): TokenView[] {
    return this.deps.store.list().map(tokenView);
  }

  private async create(input: Parameters<TokenVerbs['create']>[0], by: Actor, granter: Grants): Promise<MadeToken> {
    const { store, clock, services } = this.deps;
    const asked = newToken(input, { nowMs: clock.nowMs(), services: services(), granter });
    const { token, ...info } = await store.create(asked);
    this.tell('token-created', info, by);
    return { ...tokenView(info), token };
  }

  private async revoke(id: string, by: Actor): Promise<void> {
    const revoked = await this.deps.store.revoke(id);
    if (revoked === null)
      throw new TenementError('unknown_token', `there is no token ${JSON.stringify(id.slice(0, 80))}`);
    this.tell('token-revoked', revoked, by);
  }

  private tell(type: 'token-created' | 'token-revoked', info: TokenInfo, by: Actor): void {
    const { id, name, scope, can, expiresAt } = tokenView(info);
    const message = `${name} (${id}), scope ${scope}, may ${can.join(', ')}`;
    const data = { id, name, scope, can, expiresAt };
    this.deps.events.append({ atMs: this.deps.clock.nowMs(), type, instance: null, message, data, by });
  }
}

export function tokenView({
  id,
  name,
  session,
  scope,
  can,
  createdAtMs,
  expiresAtMs,
  lastUsedAtMs,
}: TokenInfo): TokenView {
  return {
    id,
    name,
    session,
    scope: scopeText(scope),
    can,
    createdAt: new Date(createdAtMs).toISOString(),
    expiresAt: timeOf(expiresAtMs),
    lastUsedAt: timeOf(lastUsedAtMs),
  };
}

function timeOf(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
