/** Issuers of tokens, and proxies that read them. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TokenRules } from '../../../src/core/identity/jwt-config.ts';
import { type KeyFeed, KeyPublisher, NO_KEYS, type VerificationKeys } from '../../../src/core/identity/key-feed.ts';
import { type OnMismatch, parseTenantSource, type TenantSource } from '../../../src/core/identity/tenant-source.ts';
import type { IdentitySettings } from '../../../src/core/routing/proxy-settings.ts';

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'app';
export const SECRET = 'a secret of more than thirty-two bytes';

export interface Key {
  readonly kid: string | undefined;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newKey(kid?: string): Key {
  return { kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

export function publicJwk({ kid, publicKey }: Key): Record<string, unknown> {
  return { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }), alg: 'ES256', use: 'sig' };
}

export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

export function goodClaims(more: object = {}): Record<string, unknown> {
  return { iss: ISSUER, aud: AUDIENCE, iat: nowS(), exp: nowS() + 3600, tenant_id: 'acme', ...more };
}

export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Signs a token with ES256. */
export function tokenOf(key: Key, claims: unknown = goodClaims(), header: object = {}): string {
  const kid = key.kid === undefined ? {} : { kid: key.kid };
  const text = `${part({ alg: 'ES256', typ: 'JWT', ...kid, ...header })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

export function hmacToken(secret: string | Buffer, header: object = {}, claims: unknown = goodClaims()): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** Keys that the test publishes, and that change when a proxy asks for newer ones. */
export class FakeKeys extends KeyPublisher implements KeyFeed {
  refreshes = 0;
  /** What a refresh does. */
  onRefresh: () => void | Promise<void> = () => {};

  constructor(keys: Partial<VerificationKeys>) {
    super();
    this.set(keys);
  }

  set(keys: Partial<VerificationKeys>): void {
    this.publish({ ...NO_KEYS, ...keys, version: this.current.version + 1 });
  }

  async refresh(): Promise<void> {
    this.refreshes += 1;
    await this.onRefresh();
  }
}

export function sourcesOf(
  texts: readonly string[],
  { onMismatch = 'refuse', ...rules }: { onMismatch?: OnMismatch } & Partial<TokenRules> = {},
): IdentitySettings {
  return {
    sources: texts.map((text) => parseTenantSource(text) as TenantSource),
    onMismatch,
    defaultService: 'web',
    tokens: { issuers: [ISSUER], audiences: [AUDIENCE], cookie: 'session', ...rules },
  };
}
