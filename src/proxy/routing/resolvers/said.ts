/** What a source says of a request's tenant. */
import type { RefusalReason } from '../../../core/identity/refusal-counts.ts';
import type { ErrorCode } from '../../../errors.ts';

/** A request as resolvers see it. */
export interface Asked {
  /** [name, value, …], latin1. */
  readonly rawHeaders: readonly string[];
  /** In origin form. */
  readonly path: string;
  /** As received; valid. */
  readonly host: string;
  /** Whether a trusted proxy sent it. */
  readonly trusted: boolean;
}

export interface NamedTenant {
  readonly tenantId: string;
}

export interface SaidRefusal {
  readonly refused: ErrorCode;
  readonly why: RefusalReason;
  /** Value of WWW-Authenticate. */
  readonly challenge?: string;
}

/** It names no tenant. */
export interface Silence {
  /** What the request gets when no other source names one either; null: `unknown_tenant`. */
  readonly otherwise: SaidRefusal | null;
}

export type Said = NamedTenant | SaidRefusal | Silence;

export interface TenantResolver {
  /** As in `tenant_from`, for the log. */
  readonly source: string;
  /** Answers at once, unless a token has to be checked. */
  resolve(asked: Asked): Said | Promise<Said>;
}

export const SILENT: Silence = { otherwise: null };
