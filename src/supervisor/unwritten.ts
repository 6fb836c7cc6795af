import { TenementError } from '../errors.ts';

/** Returns the error of a verb whose change could not be written. @param what the current state, as a clause */
export function unwritten(what: string, error: unknown): TenementError {
  const why = error instanceof Error ? error.message : 'the registry cannot be written';
  const { hint, retryAfterS = null } = error instanceof TenementError ? error : {};
  return new TenementError('state_failed', `${what}: ${why}`, {
    ...(hint !== undefined && { hint }),
    ...(retryAfterS !== null && { retryAfterS }),
    cause: error,
  });
}
