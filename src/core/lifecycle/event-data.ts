/** What each type of event says besides its sentence. Times are ISO 8601. */

import type { Ability } from '../access/ability.ts';
import type { LimitsInput } from '../limits/limits.ts';
import type { SecretSource } from '../secrets/sealed-secret.ts';
import type { State } from './instance.ts';

/** An instance has another state. */
export interface StateEventData {
  readonly state: State;
  readonly pid: number | null;
  /** When its next restart is due; left out when none is. */
  readonly retryAt?: string;
}

/** An event that says all in its sentence. */
export type NoEventData = Readonly<Record<never, never>>;

/** An instance is registered, with these settings of its own. */
export interface SpawnedEventData {
  /** Names of its variables; left out without any. Their values may be secret. */
  readonly env?: readonly string[];
  /** Left out without any. */
  readonly limits?: LimitsInput;
}

/** A token is made or revoked, or a session of the dashboard begins or ends. */
export interface TokenEventData {
  readonly id: string;
  readonly name: string;
  /** `admin`, `service:api` or `tenant:acme`. */
  readonly scope: string;
  readonly can: readonly Ability[];
  /** null: never. */
  readonly expiresAt: string | null;
}

/** A tenant has other settings. */
export interface TenantChangedEventData {
  /** What has changed: `plan`, `expires`, `labels`, `env`. */
  readonly fields: readonly string[];
  /** Its plan now, if that has changed; null: the default plan. */
  readonly plan?: string | null;
  /** Its last day now, if that has changed; null: never. */
  readonly expiresAt?: string | null;
  /** Its labels now, if they have changed. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What was copied. */
export interface CopiedEventData {
  readonly files: number;
  readonly bytes: number;
}

/** A domain is added, removed or verified. */
export interface DomainEventData {
  readonly domain: string;
  /** The service that it leads to. */
  readonly service: string;
}

/** A secret has another value, or is removed. No event has a value. */
export interface SecretEventData {
  readonly name: string;
  readonly version: number;
  readonly source: SecretSource;
}

/** A hook failed. */
export interface HookFailedEventData {
  /** `SERVICE/NAME` */
  readonly hook: string;
  readonly reason: string;
}

/** A hook has succeeded. */
export interface HookDoneEventData {
  /** `SERVICE/NAME` */
  readonly hook: string;
  readonly tookMs: number;
  /** Names of the secrets that it gave; left out where a hook gives none. */
  readonly secrets?: readonly string[];
}

/** A tenant directory is over its storage limit, or below it again. */
export interface StorageEventData {
  readonly bytes: number;
  /** null: there is no limit any more. */
  readonly limitBytes: number | null;
}

/** A part of a quota is used. */
export interface QuotaEventData {
  readonly meter: string;
  readonly limit: number;
  readonly period: string;
}

/** Notifications will never be delivered. */
export interface NotificationsLostEventData {
  readonly receiver: string;
  readonly count: number;
  /** Why the last attempt failed; left out when none was made. */
  readonly reason?: string;
}

/** What the events of each type say, by type. */
export interface EventData {
  spawned: SpawnedEventData;
  removed: { readonly purged: boolean };
  exec: { readonly program: string };
  'token-created': TokenEventData;
  'token-revoked': TokenEventData;
  'logged-in': TokenEventData;
  'logged-out': TokenEventData;
  reloaded: { /** A sentence each. */ readonly changes: readonly string[] };
  'reload-failed': { /** Of the error. */ readonly code: string };
  'rollout-halted': {
    readonly service: string;
    /** Other instances that keep their process. */
    readonly waiting?: number;
  };
  changed: { /** Names of variables and keys of limits. */ readonly fields: readonly string[] };
  'tenant-created': NoEventData;
  'tenant-changed': TenantChangedEventData;
  'tenant-stopped': NoEventData;
  'tenant-started': NoEventData;
  'tenant-removed': { readonly purged: boolean; readonly instances: readonly string[] };
  'tenant-exported': CopiedEventData & {
    readonly still: boolean;
    /** How many files could not be read. */
    readonly leftOut: number;
  };
  'tenant-imported': Partial<CopiedEventData> & {
    /** The id that the tenant had in the archive. */
    readonly from: string;
    readonly exportedAt: string;
  };
  'tenant-cloned': CopiedEventData & { /** The other tenant. */ readonly from: string; readonly still: boolean };
  expired: { readonly expiredAt: string };
  'backed-up': {
    readonly id: string;
    readonly bytes: number;
    /** Bytes that the repository did not have yet. */
    readonly addedBytes: number;
    /** How many notes there are on what the backup lacks. */
    readonly leftOut: number;
  };
  'backup-failed': NoEventData;
  restored: CopiedEventData & {
    /** Of the backup. */
    readonly id: string;
    /** The tenant whose backup it is. */
    readonly from: string;
    /** When the backup was made. */
    readonly at: string;
    readonly server: string;
    readonly durationMs: number;
  };
  'restore-failed': { /** Of the backup. */ readonly id: string /** When it was made. */; readonly at: string };
  'restore-discarded': { readonly path: string };
  'certificate-issued': { readonly name: string; readonly expiresAt: string };
  'certificate-failed': {
    readonly name: string;
    readonly reason: string;
    /** In a row. */
    readonly failures: number;
    readonly nextTryAt: string | null;
  };
  'domain-added': DomainEventData;
  'domain-removed': DomainEventData;
  'domain-verified': DomainEventData;
  'secret-set': SecretEventData;
  'secret-removed': SecretEventData;
  'secret-rotated': SecretEventData;
  'secrets-rekeyed': {
    readonly keyId: string;
    readonly secrets: number;
    /** Secrets that no key opens, as `TENANT/NAME`. */
    readonly unreadable: readonly string[];
  };
  provisioned: HookDoneEventData;
  'provision-failed': HookFailedEventData;
  deprovisioned: HookDoneEventData;
  'deprovision-failed': HookFailedEventData;
  'measure-failed': HookFailedEventData;
  started: StateEventData;
  woke: StateEventData;
  restarted: StateEventData;
  adopted: StateEventData;
  ready: StateEventData;
  slept: StateEventData;
  suspended: StateEventData;
  thawed: StateEventData;
  stopped: StateEventData;
  exited: StateEventData;
  ended: StateEventData;
  cleared: StateEventData;
  crashed: StateEventData;
  unhealthy: StateEventData;
  'oom-killed': StateEventData;
  'no-room': StateEventData;
  'spawn-failed': StateEventData;
  'start-failed': StateEventData;
  'start-timeout': StateEventData;
  backoff: StateEventData;
  failed: StateEventData;
  'over-storage': StorageEventData;
  'storage-ok': StorageEventData;
  'quota-80': QuotaEventData;
  'quota-100': QuotaEventData;
  'notify-dropped': NotificationsLostEventData;
  'notify-given-up': NotificationsLostEventData;
  'internal-error': NoEventData;
}

/** The types of events that say that an instance has another state. */
export type StateEventType = {
  [Type in keyof EventData]: EventData[Type] extends StateEventData ? Type : never;
}[keyof EventData];
