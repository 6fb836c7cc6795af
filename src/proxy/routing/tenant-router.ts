/** Routes a request by all that may name its tenant, in the order of `tenant_from`. */

import type { RefusalReason } from '../../core/identity/refusal-counts.ts';
import { pathMatch, withoutPrefix } from '../../core/identity/tenant-path.ts';
import { sourceText, type TenantSource } from '../../core/identity/tenant-source.ts';
import { type InstanceName, instanceName, parseInstanceName } from '../../core/lifecycle/instance.ts';
import { headerKey } from '../../core/routing/header-rules.ts';
import { servicesNamedBy } from '../../core/routing/host-services.ts';
import type { IdentitySettings, ProxySettings } from '../../core/routing/proxy-settings.ts';
import { headerResolver } from './resolvers/header.ts';
import { hostResolver, type Routes } from './resolvers/host.ts';
import { pathResolver } from './resolvers/path.ts';
import type { Asked, NamedTenant, Said, SaidRefusal, TenantResolver } from './resolvers/said.ts';
import { tokenResolver } from './resolvers/token.ts';
import { type RefusedRoute, type RequestHead, type Routed, readTarget } from './route.ts';
import type { TokenVerifier } from './tokens/token-verifier.ts';

export interface TenantRouterOptions {
  readonly identity: IdentitySettings;
  readonly anyDomain: ProxySettings['routing']['anyDomain'];
  readonly routes: Routes;
  /** null when no source reads tokens. */
  readonly verifier: TokenVerifier | null;
  /** Whether an instance is registered. */
  has(instance: InstanceName): boolean;
  onRefused(refusal: NotedRefusal): void;
}

/** A request that was refused, or that `on_mismatch` let pass. */
export interface NotedRefusal {
  readonly reason: RefusalReason;
  /** The sources that named tenants, or the one that refused. */
  readonly sources: readonly string[];
  /** Host as received. */
  readonly host: string;
}

interface Answer {
  readonly source: string;
  readonly said: Said;
}

const MISMATCH: SaidRefusal = { refused: 'tenant_mismatch', why: 'mismatch' };

export class TenantRouter {
  private readonly options: TenantRouterOptions;
  private readonly resolvers: readonly TenantResolver[];
  /** Those for requests whose connection names the instance. */
  private readonly others: readonly TenantResolver[];
  private readonly prefixes: readonly string[];
  private readonly headers: ReadonlySet<string>;

  constructor(options: TenantRouterOptions) {
    const { sources } = options.identity;
    this.options = options;
    this.resolvers = sources.map((source) => resolverFor(source, options));
    this.others = this.resolvers.filter((_, index) => sources[index]?.kind !== 'host');
    this.prefixes = sources.flatMap((source) => (source.kind === 'path' ? [source.prefix] : []));
    this.headers = new Set(sources.flatMap((source) => (source.kind === 'header' ? [headerKey(source.name)] : [])));
  }

  /**
   * Answers at once, unless a token has to be checked.
   * @param trusted whether a trusted proxy sent the request
   * @param instance that the request's connection names; null: none
   */
  route(head: RequestHead, trusted: boolean, instance: InstanceName | null = null): Routed | Promise<Routed> {
    const target = readTarget(head);
    if ('refused' in target) return target;
    const asked: Asked = { rawHeaders: head.rawHeaders, trusted, ...target };
    const before: Answer[] = [];
    if (instance !== null) before.push({ source: 'socket', said: parseInstanceName(instance) });
    const answers = this.ask(asked, instance === null ? this.resolvers : this.others, before);
    return answers instanceof Promise
      ? answers.then((all) => this.decide(asked, all, instance))
      : this.decide(asked, answers, instance);
  }

  /** Asks one resolver after the other, until the rest does not matter. */
  private ask(asked: Asked, resolvers: readonly TenantResolver[], answers: Answer[]): Answer[] | Promise<Answer[]> {
    for (const [index, { source, resolve }] of resolvers.entries()) {
      if (this.isSettled(answers)) break;
      const said = resolve(asked);
      if (said instanceof Promise) {
        const goOn = (one: Said) => this.ask(asked, resolvers.slice(index + 1), [...answers, { source, said: one }]);
        return said.then(goOn);
      }
      answers.push({ source, said });
    }
    return answers;
  }

  private isSettled(answers: readonly Answer[]): boolean {
    return this.options.identity.onMismatch === 'first' && answers.some(({ said }) => !('otherwise' in said));
  }

  private decide(asked: Asked, answers: readonly Answer[], instance: InstanceName | null): Routed {
    const spoken = answers.filter(({ said }) => !('otherwise' in said));
    const isStrict = this.options.identity.onMismatch === 'refuse';
    const refusing = (isStrict ? spoken : spoken.slice(0, 1)).find(({ said }) => 'refused' in said);
    if (refusing !== undefined && 'refused' in refusing.said) return this.refuse(refusing.said, [refusing], asked);
    const [first, ...others] = spoken.filter(isNamed);
    if (first === undefined) return this.unnamed(answers, asked);
    const { tenantId } = first.said;
    const isDisputed = others.some(({ said }) => said.tenantId !== tenantId) || spoken.length > others.length + 1;
    if (isDisputed && isStrict) return this.refuse(MISMATCH, spoken, asked);
    if (isDisputed) this.note('mismatch-warned', spoken, asked);
    return this.routeTo(tenantId, asked, instance);
  }

  private unnamed(answers: readonly Answer[], asked: Asked): Routed {
    for (const answer of answers) {
      if (!('otherwise' in answer.said) || answer.said.otherwise === null) continue;
      return { ...this.refuse(answer.said.otherwise, [answer], asked), isUnnamed: true };
    }
    return { refused: 'unknown_tenant' };
  }

  private refuse({ refused, why, challenge }: SaidRefusal, answers: readonly Answer[], asked: Asked): RefusedRoute {
    this.note(why, answers, asked);
    return { refused, challenge };
  }

  private note(reason: RefusalReason, answers: readonly Answer[], { host }: Asked): void {
    this.options.onRefused({ reason, host, sources: answers.map(({ source }) => source) });
  }

  private routeTo(tenantId: string, asked: Asked, pinned: InstanceName | null): Routed {
    const { host, path, trusted } = asked;
    const instance = pinned ?? this.instanceOf(tenantId, host);
    if (instance === undefined || !this.options.has(instance)) return { refused: 'unknown_tenant' };
    const match = this.prefixOf(path, tenantId);
    return {
      instance,
      host,
      path: match === undefined ? path : withoutPrefix(path, match),
      ...(match === undefined ? {} : { prefix: match.prefix }),
      ...(trusted || this.headers.size === 0 ? {} : { unbelieved: this.headers }),
    };
  }

  private instanceOf(tenantId: string, host: string): InstanceName | undefined {
    const { identity, anyDomain, routes, has } = this.options;
    const services = servicesNamedBy(host, { anyDomain }, routes.routing, identity.defaultService);
    return services.map((service) => instanceName(service, tenantId)).find(has);
  }

  /** A path that names the tenant is stripped, also when another source named it first. */
  private prefixOf(path: string, tenantId: string) {
    const matches = this.prefixes.map((prefix) => pathMatch(path, prefix));
    return matches.find((match) => match?.tenantId === tenantId) ?? undefined;
  }
}

function isNamed(answer: Answer): answer is Answer & { readonly said: NamedTenant } {
  return 'tenantId' in answer.said;
}

function resolverFor(source: TenantSource, { identity, routes, has, verifier }: TenantRouterOptions): TenantResolver {
  const text = sourceText(source);
  switch (source.kind) {
    case 'host':
      return hostResolver(routes, has);
    case 'path':
      return pathResolver(text, source.prefix);
    case 'header':
      return headerResolver(text, source.name);
    case 'jwt':
      if (verifier === null) throw new Error(`${text} needs a verifier`);
      return tokenResolver(text, identity.tokens?.cookie ?? null, verifier);
  }
}
