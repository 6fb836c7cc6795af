/**
 * Secrets under AES-256-GCM (NIST SP 800-38D). The nonce is random: 2^32 encryptions with one key are safe. Tenant, name
 * and version are authenticated with the value, so that one row of the registry cannot stand for another.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Generator } from '../core/secrets/generator.ts';
import type { SealedSecret } from '../core/secrets/sealed-secret.ts';
import type { PlainSecret, Vault } from '../core/secrets/vault.ts';
import { TenementError } from '../errors.ts';
import type { KeyRing } from './key-ring.ts';
import type { MasterKey } from './master-key.ts';
import { randomValue } from './random-value.ts';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class AesVault implements Vault {
  private readonly ring: () => KeyRing;
  private readonly usedKeyIds: () => readonly string[];
  private sealsWith: MasterKey | null = null;

  /** @param usedKeyIds returns the keys of the secrets that the registry holds */
  constructor(ring: () => KeyRing, usedKeyIds: () => readonly string[]) {
    this.ring = ring;
    this.usedKeyIds = usedKeyIds;
  }

  seal(tenantId: string, secret: PlainSecret): SealedSecret {
    const { current } = this.ring();
    if (this.sealsWith !== current) this.assertKnown();
    this.sealsWith = current;
    return this.encrypt(tenantId, secret);
  }

  /** Like `seal`, whatever other keys the registry's secrets have. */
  encrypt(tenantId: string, { value, ...secret }: PlainSecret): SealedSecret {
    const { current } = this.ring();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, current.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(bindingOf(tenantId, secret));
    const sealed = Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { ...secret, keyId: current.id, sealed };
  }

  open(tenantId: string, secret: SealedSecret): string {
    const key = this.ring().keys.get(secret.keyId);
    if (key === undefined) throw missingKey(secret.keyId);
    const { sealed } = secret;
    try {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key.key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(bindingOf(tenantId, secret));
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const encrypted = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
      return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
    } catch {
      throw new TenementError('secrets_locked', `${secret.name} of ${tenantId} was altered in the registry`, {
        hint: `Set it again: \`tenement secret set ${tenantId} ${secret.name}\`.`,
      });
    }
  }

  generate(generator: Generator): string {
    return randomValue(generator);
  }

  /** With a key that opens none of the registry's secrets, the server was given the wrong one. */
  private assertKnown(): void {
    const { keys } = this.ring();
    const used = this.usedKeyIds();
    const [first] = used;
    if (first !== undefined && !used.some((id) => keys.has(id))) throw missingKey(first);
  }
}

function missingKey(id: string): TenementError {
  return new TenementError(
    'secrets_locked',
    `secrets in the registry were encrypted with another key (its id is ${id})`,
  );
}

function bindingOf(tenantId: string, { name, version }: Pick<SealedSecret, 'name' | 'version'>): Buffer {
  return Buffer.from(JSON.stringify(['tenement secret', tenantId, name, version]));
}
