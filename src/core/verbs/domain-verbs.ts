/** Domains of tenants as the API and the library see them. */
import type { Actor } from '../access/actor.ts';
import type { Subject } from '../access/scope.ts';
import type { CertificateView } from '../acme/certificate-view.ts';

export const DOMAIN_STATES = ['active', 'pending'] as const;
/** `pending`: the domain is not proved yet, and leads nowhere. */
export type DomainState = (typeof DOMAIN_STATES)[number];

/** The TXT record that proves a domain. */
export interface DomainProof {
  /** `_tenement.shop.example.com` */
  readonly name: string;
  readonly type: 'TXT';
  readonly value: string;
}

/** A domain in JSON (docs/domains.md). Times are ISO 8601. */
export interface DomainView {
  /** As it is in requests: in lower case, of A-labels. */
  readonly domain: string;
  /** The same for people, of U-labels: `bücher.example`. */
  readonly name: string;
  readonly tenant: string;
  /** The service that it leads to. */
  readonly service: string;
  readonly state: DomainState;
  /** One sentence on why it is in this state. */
  readonly reason: string;
  /** Its address through the proxy; null while that is not known. */
  readonly url: string | null;
  /** What to look at before the name is trusted; null: nothing. */
  readonly warning: string | null;
  /** The record that proves it; null: none was asked for. */
  readonly proof: DomainProof | null;
  /** Its certificate by ACME; null: the config has no `[tls.acme]`, or none was ordered yet. */
  readonly certificate: CertificateView | null;
  readonly addedAt: string;
  /** null: not yet, or no proof was asked for. */
  readonly verifiedAt: string | null;
  /** When DNS was asked last; null: never. */
  readonly checkedAt: string | null;
  /** When DNS is asked next; null: only on demand. */
  readonly nextCheckAt: string | null;
}

/** How a domain is added. */
export interface AddDomainOptions {
  /** The service that it leads to. Default: the default service. */
  readonly service?: string | undefined;
  /** Whether it is routed only once its TXT record is found. Default: `[tenants] verify_domains`, which false does not undo. */
  readonly verify?: boolean | undefined;
}

/** Which of several domains of the same name is meant. */
export interface ChosenDomain {
  /** Default: the active one, or the only one. */
  readonly tenant?: string | undefined;
}

/** Decides what a caller may see. */
export type IsSeen = (subject: Subject) => boolean;

/** Which domains to list. */
export interface DomainQuery {
  /** Only domains of this tenant. */
  readonly tenant?: string | undefined;
  /** Only domains that lead to this service. */
  readonly service?: string | undefined;
  /** At most this many. Default: all. */
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

/** One page of domains. */
export interface DomainPage {
  /** By domain, then by tenant. */
  readonly domains: readonly DomainView[];
  /** What `after` must be for the next page; null: this is the last one. */
  readonly next: string | null;
}

export interface AddedDomain {
  readonly view: DomainView;
  /** false: the tenant had it before. */
  readonly created: boolean;
}

/** The verbs of one actor. */
export interface DomainVerbs {
  /**
   * Gives a tenant a domain. A repetition changes nothing. Every proxy routes by it on return, unless it has to be proved.
   * @throws {TenementError} `bad_domain`, `domain_taken`, `unknown_tenant`, `unknown_service`, `already_registered`,
   * `too_many_domains`, `state_failed`
   */
  add(tenantId: string, domain: string, options?: AddDomainOptions): Promise<AddedDomain>;
  /** @throws {TenementError} `unknown_domain`, `bad_input` when several tenants ask for it, `state_failed` */
  get(domain: string, chosen?: ChosenDomain): DomainView;
  /** @throws {TenementError} as `get` */
  remove(domain: string, chosen?: ChosenDomain): Promise<void>;
  /**
   * Asks DNS now. Returns a domain that is active.
   * @throws {TenementError} `domain_not_verified`, and as `get`
   */
  verify(domain: string, chosen?: ChosenDomain): Promise<DomainView>;
}

export interface DomainFace {
  /** Returns the verbs of `actor`. @param isSeen default: everything is seen */
  by(actor: Actor, isSeen?: IsSeen): DomainVerbs;
  /** @throws {TenementError} `bad_input`, `state_failed` */
  list(query?: DomainQuery): DomainPage;
}
