/** A private key, and its certificate with those between it and the root, as PEM. */
export interface KeyAndChain {
  readonly key: string;
  readonly chain: string;
}
