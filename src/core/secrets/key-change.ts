/** The outcome of a change of the server's key. */

export interface KeyChange {
  /** Names the new key. */
  readonly keyId: string;
  /** How many secrets were encrypted anew by this call. */
  readonly secrets: number;
  /** Secrets that no key opens, as `TENANT/NAME`. They stay as they are. */
  readonly unreadable: readonly string[];
}
