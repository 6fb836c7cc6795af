/** Dependencies of a supervisor. */

import type { CertificateView } from '../core/acme/certificate-view.ts';
import type { HostMemory } from '../core/admission/pressure.ts';
import type { OpenArchives } from '../core/archive/copies.ts';
import type { DomainRoutes } from '../core/domains/domain-routes.ts';
import type { TxtAnswer } from '../core/domains/verification.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { DescriptorShares } from '../core/limits/descriptors.ts';
import type {
  ActivationSockets,
  Clock,
  Launcher,
  ProcessHooks,
  ProcessHost,
  ProcessTable,
  StorageMeter,
  TenantDirectories,
  UsageMeter,
} from '../core/ports.ts';
import type { OpenHookRunner } from '../core/provisioning/hook-run.ts';
import type { WebAddress } from '../core/routing/web-address.ts';
import type { OpenVault, VaultKey } from '../core/secrets/vault.ts';
import type { ServedConfig } from '../core/service/served-config.ts';
import type { CounterStore } from '../core/stores/counter-store.ts';
import type { DomainStore } from '../core/stores/domain-store.ts';
import type { EventLog } from '../core/stores/event-log.ts';
import type { HookStore } from '../core/stores/hook-store.ts';
import type { QuotaStore } from '../core/stores/quota-store.ts';
import type { Registry } from '../core/stores/registry.ts';
import type { SecretStore } from '../core/stores/secret-store.ts';
import type { TenantStore } from '../core/stores/tenant-store.ts';
import type { UsageRecorder } from '../core/usage/usage-recorder.ts';
import type { Logger } from '../logger.ts';

export interface SupervisorDeps {
  readonly served: ServedConfig;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly tenants: TenantStore;
  readonly domains: DomainStore;
  /** Domains that proxies route by; the supervisor keeps them in step with the registry. */
  readonly domainRoutes: DomainRoutes;
  /** Asks DNS for the texts of a name. Never rejects, and settles within seconds. */
  lookUpTxt(name: string): Promise<TxtAnswer>;
  readonly hooks: HookStore;
  readonly openHookRunner: OpenHookRunner;
  readonly counters: CounterStore;
  readonly quotas: QuotaStore;
  readonly secrets: SecretStore;
  readonly openVault: OpenVault;
  readonly vaultKey: VaultKey;
  readonly openArchives: OpenArchives;
  /** Ms of a clock that is never set. */
  steadyMs(): number;
  readonly events: EventLog;
  readonly logger: Logger;
  readonly host: ProcessHost;
  readonly launcher: Launcher;
  readonly processTable: ProcessTable;
  /** null: there are none. */
  readonly processHooks: ProcessHooks | null;
  readonly tenantDirectories: TenantDirectories;
  readonly activationSockets: ActivationSockets;
  /** Shares of the open files; null: unlimited. */
  readonly descriptors: DescriptorShares | null;
  readonly meter: UsageMeter;
  /** Reads the machine's memory; null when it is unknown. */
  readHostMemory(): HostMemory | null;
  readonly storageMeter: StorageMeter;
  readonly usage: UsageRecorder;
  /** Returns a number from 0 to 1. */
  random(): number;
  webAddressOf(service: string, tenantId: string): WebAddress;
  /** Returns the URL of a host through the proxy; null while the proxy's port is not known. */
  urlOf(host: string): string | null;
  /** Returns what is known of a host's certificate by ACME; null: nothing. */
  certificateOf(host: string): CertificateView | null;
  /** tenement's own version, as archives say it. */
  readonly version: string;
  /** Deletes an instance's log. */
  removeLogs(instance: InstanceName): Promise<void>;
}
