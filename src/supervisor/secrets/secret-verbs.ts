/** The public verbs on secrets, as one actor's. Each change is written before it takes effect. */
import type { Actor } from '../../core/access/actor.ts';
import { changedSecrets } from '../../core/secrets/changed-secrets.ts';
import type { Generator } from '../../core/secrets/generator.ts';
import type { SecretSource, SecretVersion } from '../../core/secrets/sealed-secret.ts';
import { assertSecretName, assertSecretValue } from '../../core/secrets/secret-rules.ts';
import type { TenantChange } from '../../core/stores/tenant-store.ts';
import type { SecretVerbs, SecretView } from '../../core/verbs/secret-verbs.ts';
import { TenementError } from '../../errors.ts';
import type { ServerLife } from '../server-life.ts';
import type { SupervisorParts } from '../supervisor-parts.ts';
import { applyTerms } from '../tenants/apply-terms.ts';
import { foundTenant } from '../tenants/tenant-list.ts';
import { unwritten } from '../unwritten.ts';
import { type SecretEventType, secretEvent } from './secret-event.ts';
import { secretViewOf, unknownSecret } from './secret-list.ts';

export interface SecretVerbsDeps {
  readonly parts: SupervisorParts;
  readonly life: Pick<ServerLife, 'assertOpen'>;
}

export class SecretOperations implements SecretVerbs {
  private readonly deps: SecretVerbsDeps;
  private readonly parts: SupervisorParts;
  private readonly by: Actor;

  constructor(deps: SecretVerbsDeps, by: Actor) {
    this.deps = deps;
    this.parts = deps.parts;
    this.by = by;
  }

  async set(tenantId: string, name: string, value: string): Promise<SecretView> {
    assertSecretName(name);
    assertSecretValue(name, value);
    await this.exclusively(tenantId, () => this.put(tenantId, name, value, 'operator', 'secret-set'));
    return this.view(tenantId, name);
  }

  remove(tenantId: string, name: string): Promise<void> {
    return this.exclusively(tenantId, async () => {
      const present = this.present(tenantId, name);
      await this.write({ tenantId, removeSecrets: [name] });
      this.tell('secret-removed', tenantId, present);
    });
  }

  async rotate(tenantId: string, name: string): Promise<SecretView> {
    await this.exclusively(tenantId, async () => {
      const source = this.parts.secrets.versions(tenantId).find((secret) => secret.name === name)?.source;
      if (source?.startsWith('hook:') === true) return this.rotateByHook(tenantId, source, name);
      const generator = this.rotatable(tenantId, name);
      const value = (await this.parts.deps.openVault()).generate(generator);
      await this.put(tenantId, name, value, 'generated', 'secret-rotated');
    });
    return this.view(tenantId, name);
  }

  /** A hook may give several secrets anew that belong together. @throws {TenementError} `provisioning_failed` */
  private async rotateByHook(tenantId: string, source: SecretSource, name: string): Promise<void> {
    const before = new Map(this.parts.secrets.versions(tenantId).map((secret) => [secret.name, secret.version]));
    await this.parts.provisioning.rotate(tenantId, source, name);
    for (const secret of this.parts.secrets.versions(tenantId))
      if (before.get(secret.name) !== secret.version) this.tell('secret-rotated', tenantId, secret);
  }

  /** Returns how a new value is made. @throws {TenementError} `unknown_secret`, `bad_input` */
  private rotatable(tenantId: string, name: string): Generator {
    const services = this.parts.tenants
      .servicesOf(tenantId)
      .flatMap((one) => this.parts.config.services.get(one) ?? []);
    const generator = services.map(({ secrets }) => secrets[name]).find((one) => one !== undefined);
    const present = this.parts.secrets.versions(tenantId).find((secret) => secret.name === name);
    if (present === undefined && generator === undefined) throw unknownSecret(tenantId, name);
    if (generator !== undefined && (present === undefined || present.source === 'generated')) return generator;
    const problem =
      present?.source === 'generated'
        ? 'the config no longer says how it is generated'
        : 'its value was set, not generated';
    throw new TenementError('bad_input', `${name} of ${tenantId} cannot be rotated: ${problem}`, {
      hint: `Set a new value: \`tenement secret set ${tenantId} ${name}\`.`,
    });
  }

  private async put(
    tenantId: string,
    name: string,
    value: string,
    source: SecretSource,
    event: SecretEventType,
  ): Promise<void> {
    const vault = await this.parts.deps.openVault();
    const change = { tenantId, values: new Map([[name, value]]), source };
    const [put] = await this.written(tenantId, () => {
      const nowMs = this.nowMs;
      const putSecrets = changedSecrets({ ...change, nowMs }, this.parts.deps.secrets.list(tenantId), vault);
      if (putSecrets.length > 0) this.parts.tenants.commit({ tenantId, putSecrets });
      return putSecrets;
    });
    if (put !== undefined) this.tell(event, tenantId, put);
  }

  /** Runs a change of a registered tenant when all earlier ones are over, then applies it to running instances. */
  private async exclusively(tenantId: string, change: () => Promise<void>): Promise<void> {
    this.deps.life.assertOpen();
    foundTenant(tenantId, this.parts);
    await this.parts.tenantLocks.withTenant(tenantId, async () => {
      foundTenant(tenantId, this.parts);
      await change();
      await applyTerms(tenantId, this.parts, this.by);
    });
  }

  private write(change: TenantChange): Promise<void> {
    return this.written(change.tenantId, () => this.parts.tenants.commit(change));
  }

  /** @throws {TenementError} `state_failed`; nothing has changed then */
  private async written<Value>(tenantId: string, attempt: () => Value): Promise<Value> {
    try {
      return await this.parts.deps.registry.whenWritable(attempt);
    } catch (error) {
      if (error instanceof TenementError && error.code !== 'state_failed') throw error;
      throw unwritten(`the secrets of ${tenantId} stay as they were`, error);
    }
  }

  private tell(type: SecretEventType, tenantId: string, secret: SecretVersion): void {
    this.parts.deps.events.append(secretEvent(type, tenantId, secret, { by: this.by, atMs: this.nowMs }));
  }

  private present(tenantId: string, name: string): SecretVersion {
    const present = this.parts.secrets.versions(tenantId).find((secret) => secret.name === name);
    if (present === undefined) throw unknownSecret(tenantId, name);
    return present;
  }

  private view(tenantId: string, name: string): SecretView {
    return secretViewOf(this.present(tenantId, name), tenantId, this.parts);
  }

  private get nowMs(): number {
    return this.parts.deps.clock.nowMs();
  }
}
