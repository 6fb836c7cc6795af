/** Verifies tokens with jose. Only a server that reads tokens loads this file, and jose with it. */
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { CLOCK_SKEW_S, type TokenRules } from '../../../core/identity/jwt-config.ts';
import type { VerificationKeys } from '../../../core/identity/key-feed.ts';
import type { RefusalReason } from '../../../core/identity/refusal-counts.ts';

/** With a public key, only these: a token of HMAC would take the public key for the secret. */
const ASYMMETRIC = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
];
/** By the least length of their secrets (RFC 7518 §3.2). */
const SYMMETRIC: readonly (readonly [alg: string, bytes: number])[] = [
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
];
/** How many keys are tried for a token that names none of several. */
const MAX_TRIES = 8;

export type Verification =
  | { readonly claims: JWTPayload }
  /** `isKeyed`: the token names its key. A name says nothing of a secret, which is another once it is replaced. */
  | { readonly problem: RefusalReason; readonly isKeyed: boolean };

export type Verify = (token: string) => Promise<Verification>;

/** @returns a function that never rejects */
export function verifierFor({ publicKeys, secrets }: VerificationKeys, rules: TokenRules): Verify {
  const options: JWTVerifyOptions = {
    clockTolerance: CLOCK_SKEW_S,
    ...(rules.issuers.length === 0 ? {} : { issuer: [...rules.issuers] }),
    ...(rules.audiences.length === 0 ? {} : { audience: [...rules.audiences] }),
  };
  const tried = secrets.length > 0 ? withSecrets(secrets, options) : withPublicKeys(publicKeys, options);
  return async (token) => {
    try {
      return { claims: await tried(token) };
    } catch (error) {
      return { problem: problemOf(error), isKeyed: secrets.length === 0 && isKeyed(token) };
    }
  };
}

type Tried = (token: string) => Promise<JWTPayload>;

function withPublicKeys(keys: VerificationKeys['publicKeys'], options: JWTVerifyOptions): Tried {
  const set = createLocalJWKSet({ keys: [...keys] } as unknown as JSONWebKeySet);
  const asymmetric = { ...options, algorithms: ASYMMETRIC };
  return async (token) => {
    try {
      return (await jwtVerify(token, set as JWTVerifyGetKey, asymmetric)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await withEach(error, (key) => jwtVerify(token, key, asymmetric));
    }
  };
}

function withSecrets(secrets: readonly string[], options: JWTVerifyOptions): Tried {
  const keys = secrets.map((secret) => new TextEncoder().encode(secret));
  return (token) =>
    withEach(keys, (key) => {
      const algorithms = SYMMETRIC.filter(([, bytes]) => key.length >= bytes).map(([alg]) => alg);
      return jwtVerify(token, key, { ...options, algorithms });
    });
}

/** Tries keys until one fits. */
async function withEach<Key>(
  keys: AsyncIterable<Key> | Iterable<Key>,
  verify: (key: Key) => Promise<{ readonly payload: JWTPayload }>,
): Promise<JWTPayload> {
  let last: unknown = new errors.JWKSNoMatchingKey();
  let tries = 0;
  for await (const key of keys) {
    try {
      return (await verify(key)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      last = error;
    }
    tries += 1;
    if (tries === MAX_TRIES) break;
  }
  throw last;
}

function problemOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimProblem(error);
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown-key';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  return 'malformed';
}

function claimProblem({ claim, reason }: errors.JWTClaimValidationFailed): RefusalReason {
  if (claim === 'iss') return 'issuer';
  if (claim === 'aud') return 'audience';
  return claim === 'nbf' && reason === 'check_failed' ? 'not-yet-valid' : 'malformed';
}

function isKeyed(token: string): boolean {
  try {
    const [header = ''] = token.split('.', 1);
    return 'kid' in (JSON.parse(Buffer.from(header, 'base64url').toString()) as object);
  } catch {
    return true;
  }
}
