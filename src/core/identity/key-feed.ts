/** The keys that verify tokens. The server loads them; every proxy and worker follows its feed. */

/** A public key as in a key set (RFC 7517 §4). */
export type PublicJwk = Readonly<Record<string, unknown>>;

/** Plain data, which workers get in a message. */
export interface VerificationKeys {
  /** Other keys have a higher number. */
  readonly version: number;
  /** Asymmetric keys. */
  readonly publicKeys: readonly PublicJwk[];
  /** Secrets for HMAC. */
  readonly secrets: readonly string[];
}

export interface KeyFeed {
  readonly current: VerificationKeys;
  /** Calls `listener` with the current keys before it returns, and later with each that replace them. */
  follow(listener: (keys: VerificationKeys) => void): void;
  /**
   * Loads the keys again, unless that was done a moment ago. Settles when the load that is under way is over, also when
   * it failed; never rejects.
   */
  refresh(): Promise<void>;
}

export const NO_KEYS: VerificationKeys = { version: 0, publicKeys: [], secrets: [] };

/** The feed of a proxy without tokens. */
export const NO_KEY_FEED: KeyFeed = {
  current: NO_KEYS,
  follow: (listener) => listener(NO_KEYS),
  refresh: async () => {},
};

/** Passes keys on to those who follow. */
export class KeyPublisher {
  private keys: VerificationKeys = NO_KEYS;
  private readonly listeners: ((keys: VerificationKeys) => void)[] = [];

  get current(): VerificationKeys {
    return this.keys;
  }

  follow(listener: (keys: VerificationKeys) => void): void {
    this.listeners.push(listener);
    listener(this.keys);
  }

  publish(keys: VerificationKeys): void {
    this.keys = keys;
    for (const listener of this.listeners) listener(keys);
  }
}
