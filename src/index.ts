/** Exports of the package. */
import './runtime.ts';

export type { Ability } from './core/access/ability.ts';
export type { TokenInput } from './core/access/new-token.ts';
export type { CertificateState, CertificateView } from './core/acme/certificate-view.ts';
export type { Outcome, Refusal } from './core/admission/serving.ts';
export type { CaptureReport, CopyTotals, LeftOut } from './core/archive/copies.ts';
export type { BackupProgress, BackupResult, BackupRun, BackupView, Restored } from './core/backup/backup-face.ts';
export type { ExitStatus } from './core/error-codes/code-entry.ts';
export type { Changes } from './core/input/changed-names.ts';
export type {
  CopiedEventData,
  DomainEventData,
  EventData,
  HookDoneEventData,
  HookFailedEventData,
  NoEventData,
  NotificationsLostEventData,
  QuotaEventData,
  SecretEventData,
  SpawnedEventData,
  StateEventData,
  StorageEventData,
  TenantChangedEventData,
  TokenEventData,
} from './core/lifecycle/event-data.ts';
export type { EventType } from './core/lifecycle/event-types.ts';
export type { ExitReason, InstanceName, LastExit, State } from './core/lifecycle/instance.ts';
export type { LimitName } from './core/limits/limit-table.ts';
export type { LimitsInput, LimitsView } from './core/limits/limits.ts';
export type { NotifyTargetView, NotifyTestResult } from './core/notify/notify-port.ts';
export type { Clock, Upstream } from './core/ports.ts';
export type { FailedHookView, ProvisioningView } from './core/provisioning/provisioning-view.ts';
export type { Period as QuotaPeriod } from './core/quota/period.ts';
export type { QuotaMeter } from './core/quota/quota.ts';
export type { QuotaJson, QuotaView } from './core/quota/quota-face.ts';
export type { RateLimitFields } from './core/quota/rate-limit-fields.ts';
export type { KeyChange } from './core/secrets/key-change.ts';
export type { SecretSource } from './core/secrets/sealed-secret.ts';
export type { LogFilter, LogLine } from './core/stores/log-store.ts';
export type { LongKind, LongOperationView } from './core/tenants/long-operation.ts';
export type { TenantChanges } from './core/tenants/tenant-change.ts';
export type { TenantState } from './core/tenants/tenant-state.ts';
export type { Meter } from './core/usage/meters.ts';
export type { Period as UsagePeriod } from './core/usage/periods.ts';
export type { UsageInput, UsagePage, UsageView } from './core/usage/usage-query.ts';
export type {
  AddDomainOptions,
  ChosenDomain,
  DomainPage,
  DomainProof,
  DomainQuery,
  DomainState,
  DomainView,
} from './core/verbs/domain-verbs.ts';
export type { MissingSecret, SecretList, SecretVerbs, SecretView } from './core/verbs/secret-verbs.ts';
export type { CreateTenantOptions, TenantPage, TenantQuery, TenantView } from './core/verbs/tenant-verbs.ts';
export type { MadeToken, TokenAdmin, TokenView } from './core/verbs/token-verbs.ts';
export type { DrainOptions, InstanceChanges, InstanceView, SpawnOptions } from './core/verbs/verbs.ts';
export type { ErrorCode, SourceExcerpt, TenementErrorOptions } from './errors.ts';
export { TenementError } from './errors.ts';
export { Hypervisor } from './hypervisor.ts';
export type { ConfigView } from './library/config-view.ts';
export type {
  Instance,
  InstanceFilter,
  InstanceUpdate,
  RemoveOptions,
  RestartOptions,
  SpawnInstanceOptions,
  StartOptions,
} from './library/instance.ts';
export type { HookContext, LifecycleHooks } from './library/lifecycle-hooks.ts';
export type { Admission, Lease, LeaseBytes } from './library/open-leases.ts';
export type {
  CloseOptions,
  HostLogger,
  HypervisorOptions,
  TemporaryConfig,
  TemporaryOptions,
} from './library/options.ts';
export type {
  Archives,
  CloneTenantOptions,
  CopiedTenant,
  ExportTenantOptions,
  ImportTenantOptions,
} from './library/verbs/archives.ts';
export type { BackUpOptions, Backups, RestoreTenantOptions } from './library/verbs/backups.ts';
export type { Domains } from './library/verbs/domains.ts';
export type {
  EventOf,
  EventOfTypes,
  EventQuery,
  Events,
  FollowEventsQuery,
  HypervisorEvent,
  PastEventQuery,
} from './library/verbs/events.ts';
export type { FollowLogFilter } from './library/verbs/logs.ts';
export type { Notifications } from './library/verbs/notifications.ts';
export type { Secrets } from './library/verbs/secrets.ts';
export type { RemoveTenantOptions, StartTenantOptions, Tenants } from './library/verbs/tenants.ts';
export type { Handler, HandlerOptions, NextFunction, PickedInstance } from './proxy/handler.ts';
