/**
 * The only error class, and the table of all error codes, which core/error-codes has by area.
 * Codes are stable: scripts, API clients and tests rely on them. `api` and `proxy` use the HTTP status, `cli` the exit
 * status, and all of them the hint when the thrower gives none.
 */

import { ACCESS_CODES } from './core/error-codes/access.ts';
import { ARCHIVE_CODES } from './core/error-codes/archives.ts';
import type { ExitStatus } from './core/error-codes/code-entry.ts';
import { DOMAIN_CODES } from './core/error-codes/domains.ts';
import { INSTANCE_CODES } from './core/error-codes/instances.ts';
import { REQUEST_CODES } from './core/error-codes/requests.ts';
import { SERVER_CODES } from './core/error-codes/server.ts';
import { TENANT_CODES } from './core/error-codes/tenants.ts';

export const ERROR_CODES = {
  ...SERVER_CODES,
  ...REQUEST_CODES,
  ...ACCESS_CODES,
  ...INSTANCE_CODES,
  ...TENANT_CODES,
  ...DOMAIN_CODES,
  ...ARCHIVE_CODES,
};

/** Stable name of an error. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The piece of a file that an error is about. */
export interface SourceExcerpt {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** In UTF-16 code units, at least 1. */
  readonly length: number;
  /** The whole line. */
  readonly text: string;
}

/** What an error says beside its message. */
export interface TenementErrorOptions {
  /** Replaces the code's own hint. */
  readonly hint?: string;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfterS?: number;
  /** Further problems, one line each. */
  readonly details?: readonly string[];
  /** Where in a file the message and each of the details point; null: nowhere in particular. */
  readonly excerpts?: readonly (SourceExcerpt | null)[];
  readonly cause?: unknown;
}

/** An error for a person or program: one line that says what is wrong, and where. */
export class TenementError extends Error {
  override readonly name = 'TenementError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAfterS: number | null;
  readonly details: readonly string[];
  readonly excerpts: readonly (SourceExcerpt | null)[];

  constructor(code: ErrorCode, message: string, options: TenementErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].hint;
    this.retryAfterS = options.retryAfterS ?? null;
    this.details = options.details ?? [];
    this.excerpts = options.excerpts ?? [];
  }

  /** HTTP status of a response with this code. */
  get httpStatus(): number {
    return ERROR_CODES[this.code].httpStatus;
  }

  /** Exit status of a command that fails with this code. */
  get exitStatus(): ExitStatus {
    return ERROR_CODES[this.code].exitStatus;
  }
}

/** Whether the registry is unavailable because another process holds its lock, which passes. */
export function isLockedOut(error: unknown): boolean {
  return error instanceof TenementError && error.code === 'state_failed' && error.retryAfterS !== null;
}

/** Returns a TenementError as it is, and wraps any other error as `internal`, with the original as its cause. */
export function toTenementError(error: unknown): TenementError {
  if (error instanceof TenementError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new TenementError('internal', message, { cause: error });
}
