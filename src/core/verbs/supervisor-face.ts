/** The supervisor as the API and the library see it. */
import type { Actor } from '../access/actor.ts';
import type { LiveFace } from '../dashboard/live-face.ts';
import type { InstanceName } from '../lifecycle/instance.ts';
import type { WakeDurations } from '../observing/wake-durations.ts';
import type { HookFace } from '../provisioning/hook-counts.ts';
import type { QuotaFace } from '../quota/quota-face.ts';
import type { DomainFace } from './domain-verbs.ts';
import type { InstanceReading } from './instance-reading.ts';
import type { SecretFace } from './secret-verbs.ts';
import type { TenantFace } from './tenant-verbs.ts';
import type { InstancePage, InstanceQuery, InstanceView, SupervisorVerbs } from './verbs.ts';

/** Everything that is seen and done from outside. */
export interface SupervisorFace {
  readonly quotas: QuotaFace;
  readonly hooks: HookFace;
  readonly wakeDurations: Pick<WakeDurations, 'entries'>;
  /** Returns the verbs of `actor`, whose changes the event log ascribes to it. */
  by(actor: Actor): SupervisorVerbs;
  /** @throws {TenementError} `unknown_tenant` */
  get(instance: InstanceName): InstanceView;
  list(): InstanceView[];
  /**
   * Iterates over the instances, in no order. The caller may let others have their turn in between: an instance that is
   * registered or removed meanwhile is seen or not.
   * @param isSeen default: every instance is seen
   */
  readings(isSeen?: (instance: InstanceName) => boolean): Iterable<InstanceReading>;
  /** Returns one page of the instances, by name. */
  page(query: InstanceQuery): InstancePage;
  /** What the dashboard shows. */
  readonly live: LiveFace;
  /** Tenants as a whole. */
  readonly tenants: TenantFace;
  /** Domains of tenants' own. */
  readonly domains: DomainFace;
  /** Secrets of tenants. */
  readonly secrets: SecretFace;
}
