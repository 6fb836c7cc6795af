/** What the server and its proxy workers say to each other. Plain data: it goes through JSON. */

import type { GrantCounts, LeaseTarget, Outcome, Refusal, SecondTry } from '../core/admission/serving.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { ListenAddress, ProxyLimits } from '../core/service/service.ts';

/** What of the config the workers go by; a routing table without Sets and Maps. */
export interface WorkerConfig {
  readonly domains: readonly string[];
  readonly defaultService: string | null;
  readonly services: readonly string[];
  readonly aliases: readonly (readonly [string, string])[];
  readonly trustedProxies: readonly string[];
}

/** Of one process. */
export interface Share extends GrantCounts {
  readonly generation: number;
  /** Connections to it. */
  readonly connections: number;
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly listen: ListenAddress;
      readonly limits: ProxyLimits;
      readonly logLevel: string;
      readonly config: WorkerConfig;
      readonly registered: readonly InstanceName[];
    }
  | { readonly type: 'config'; readonly config: WorkerConfig }
  | { readonly type: 'registration'; readonly instance: InstanceName; readonly registered: boolean }
  /** The answer to `claim`. `granted`: from now on the worker claims this process by itself. */
  | {
      readonly type: 'lease';
      readonly id: number;
      readonly lease: LeaseTarget & { heldMs: number | null };
      granted: boolean;
    }
  | { readonly type: 'refusal'; readonly id: number; readonly refusal: Refusal }
  /** Of a process that was granted, something has changed. */
  | { readonly type: 'target'; readonly target: LeaseTarget }
  /** No further request goes there: the worker claims it no more, and confirms. */
  | { readonly type: 'retire'; readonly generation: number }
  | { readonly type: 'ping' }
  | { readonly type: 'close'; readonly graceMs: number };

export type FromWorker =
  | { readonly type: 'listening'; readonly address: ListenAddress }
  | { readonly type: 'listen-failed'; readonly message: string }
  | {
      readonly type: 'claim';
      readonly id: number;
      readonly instance: InstanceName;
      readonly again?: SecondTry;
      readonly client: string | null;
    }
  /** The client left while it was held. */
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'stream'; readonly id: number }
  | { readonly type: 'release'; readonly id: number; readonly outcome?: Outcome }
  | { readonly type: 'report'; readonly shares: readonly Share[] }
  | { readonly type: 'confirm'; readonly share: Share }
  /** Connections that it has refused since it said so last. */
  | { readonly type: 'turned-away'; readonly connections: number }
  /** It has logged an error that nobody expected. */
  | { readonly type: 'fault'; readonly message: string }
  | { readonly type: 'pong' };
