/** The messages between the server and its proxy workers. Plain data: they go through JSON. */

import type { GrantCounts, LeaseTarget, Outcome, Refusal, SecondTry } from '../core/admission/serving.ts';
import type { DomainRoute } from '../core/domains/domain-routes.ts';
import type { VerificationKeys } from '../core/identity/key-feed.ts';
import type { RefusalReason } from '../core/identity/refusal-counts.ts';
import type { InstanceName } from '../core/lifecycle/instance.ts';
import type { MeasuredRequests } from '../core/observing/request-measures.ts';
import type { LoanAccount, LoanGrant } from '../core/quota/loan.ts';
import type { ProxySettings } from '../core/routing/proxy-settings.ts';
import type { ListenAddress, ProxyLimits } from '../core/service/service.ts';
import type { HandshakeResult } from '../core/tls/handshake-counts.ts';
import type { TlsChange } from '../core/tls/tls-table.ts';
import type { TrafficCounts } from '../core/usage/traffic.ts';
import type { ErrorCode } from '../errors.ts';
import type { ProxyAddress } from '../proxy/server.ts';

/** What a worker has counted of one process. */
export interface Share extends GrantCounts {
  readonly generation: number;
  /** Open connections to the process. */
  readonly connections: number;
  /** All traffic since the worker got the first lease. */
  readonly traffic: TrafficCounts;
}

/** Where a worker listens. Descriptors are the server's: Node's cluster passes their sockets to the worker. */
export interface WorkerTarget extends ListenAddress {
  readonly fds?: readonly number[] | undefined;
}

/** The same for plain HTTP, and for TLS. */
export interface WorkerProxyTarget extends WorkerTarget {
  readonly tls: WorkerTarget | null;
}

export type ToWorker =
  | {
      readonly type: 'start';
      readonly listen: WorkerProxyTarget;
      /** Whether it may ask for a certificate to be issued. */
      readonly mayObtain: boolean;
      readonly limits: ProxyLimits;
      readonly logLevel: string;
      readonly settings: ProxySettings;
      readonly keys: VerificationKeys;
      readonly registered: readonly InstanceName[];
    }
  | { readonly type: 'settings'; readonly settings: ProxySettings }
  /** Some of the domains, or changes of them. The worker answers with `changed` when it routes by them. */
  | { readonly type: 'domains'; readonly id: number; readonly routes: readonly DomainRoute[] }
  /** Certificates with their keys, and what else handshakes need, or changes of these. Answered alike. */
  | { readonly type: 'tls'; readonly id: number; readonly changes: readonly TlsChange[] }
  /** The answer to `obtain`; the certificate comes before, if there is one. */
  | { readonly type: 'obtained'; readonly name: string }
  /** The keys that tokens are verified with, secrets among them. */
  | { readonly type: 'keys'; readonly keys: VerificationKeys }
  /** The answer to `refresh-keys`; new keys come before. */
  | { readonly type: 'keys-refreshed' }
  | { readonly type: 'registration'; readonly instance: InstanceName; readonly registered: boolean }
  /** The answer to `claim`. `granted`: from now on the worker claims this process without asking. */
  | {
      readonly type: 'lease';
      readonly id: number;
      readonly lease: LeaseTarget & { heldMs: number | null };
      granted: boolean;
      /** What the worker may admit in addition of the tenant's requests. */
      readonly loan: LoanGrant | null;
    }
  | { readonly type: 'refusal'; readonly id: number; readonly refusal: Refusal }
  /** Replaces the target of a process that was granted. */
  | { readonly type: 'target'; readonly target: LeaseTarget }
  /** The process gets no further request: the worker stops claiming it, and confirms. */
  | { readonly type: 'retire'; readonly generation: number }
  /** The worker gives back what it does not need of a loan, and accounts for it. */
  | { readonly type: 'recall'; readonly tenantId: string }
  /** The worker asks for each request to this process again, and confirms. The process goes on. */
  | { readonly type: 'end-grant'; readonly generation: number }
  | { readonly type: 'ping' }
  | { readonly type: 'close'; readonly graceMs: number };

export type FromWorker =
  | { readonly type: 'listening'; readonly address: ProxyAddress }
  | { readonly type: 'listen-failed'; readonly message: string }
  | {
      readonly type: 'claim';
      readonly id: number;
      readonly instance: InstanceName;
      readonly again?: SecondTry;
      readonly client: string | null;
    }
  /** The client of a held request left. */
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'stream'; readonly id: number }
  | { readonly type: 'release'; readonly id: number; readonly outcome?: Outcome }
  | { readonly type: 'report'; readonly shares: readonly Share[] }
  | { readonly type: 'confirm'; readonly share: Share }
  /** What the worker has done with a loan. `isAnswer`: to `recall`. */
  | { readonly type: 'account'; readonly account: LoanAccount; readonly isAnswer: boolean }
  /** The worker has refused so many requests by itself, with a refusal that holds. */
  | { readonly type: 'repeated'; readonly tenantId: string; readonly code: ErrorCode; readonly requests: number }
  /** Connections that the worker has refused since the last such message. */
  | { readonly type: 'turned-away'; readonly connections: number }
  /** A token has a key that the worker does not know. */
  | { readonly type: 'refresh-keys' }
  /** Requests that the worker has refused since the last such message. */
  | {
      readonly type: 'refused-tenants';
      readonly requests: readonly (readonly [reason: RefusalReason, count: number])[];
    }
  /** What the worker has measured since the last such message. */
  | { readonly type: 'measured'; readonly requests: MeasuredRequests }
  /** The worker has logged an internal error. */
  | { readonly type: 'fault'; readonly message: string }
  /** Handshakes since the last such message. */
  | { readonly type: 'handshakes'; readonly counts: readonly (readonly [result: HandshakeResult, count: number])[] }
  /** There is no certificate for a name of a known host. */
  | { readonly type: 'obtain'; readonly name: string }
  /** The answer to `domains` and `tls`. */
  | { readonly type: 'changed'; readonly id: number }
  | { readonly type: 'pong' };
