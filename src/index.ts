/** Exports of the package. */
import './runtime.ts';

export type { TokenInput } from './core/access/new-token.ts';
export type { Admission, Lease, Refusal } from './core/admission/serving.ts';
export type { EventFilter, TenementEvent } from './core/stores/event-log.ts';
export type { LogFilter, LogLine } from './core/stores/log-store.ts';
export type { TenantChanges } from './core/tenants/tenant-change.ts';
export type { UsageInput, UsagePage, UsageView } from './core/usage/usage-query.ts';
export type { AddDomainOptions, ChosenDomain, DomainPage, DomainQuery, DomainView } from './core/verbs/domain-verbs.ts';
export type { CreateTenantOptions, TenantPage, TenantQuery, TenantView } from './core/verbs/tenant-verbs.ts';
export type { MadeToken, TokenAdmin, TokenView } from './core/verbs/token-verbs.ts';
export type { InstanceView, SpawnOptions } from './core/verbs/verbs.ts';
export type { ErrorCode } from './errors.ts';
export { TenementError } from './errors.ts';
export {
  type CloseOptions,
  type Events,
  Hypervisor,
  type HypervisorOptions,
  type Instance,
} from './hypervisor.ts';
export type { Domains } from './library/domains.ts';
export type { Secrets } from './library/secrets.ts';
export type { Tenants } from './library/tenants.ts';
export type { Logger } from './logger.ts';
export type { Handler, HandlerOptions, NextFunction } from './proxy/handler.ts';
