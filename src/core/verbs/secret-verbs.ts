/** Secrets of tenants as the API and the library see them: everything but their values. */
import type { Actor } from '../access/actor.ts';
import type { KeyChange } from '../secrets/key-change.ts';
import type { SecretSource } from '../secrets/sealed-secret.ts';

/** A secret in JSON (docs/secrets.md). */
export interface SecretView {
  readonly name: string;
  /** 1 for the first value; each change adds one. */
  readonly version: number;
  readonly source: SecretSource;
  /** ISO 8601. */
  readonly changedAt: string;
  /** Services of the tenant that do not start without it. */
  readonly neededBy: readonly string[];
}

/** A secret that a service of the tenant does not start without, and that nobody has set. */
export interface MissingSecret {
  readonly name: string;
  readonly neededBy: readonly string[];
}

/** The secrets of a tenant, without their values. */
export interface SecretList {
  /** By name. */
  readonly secrets: readonly SecretView[];
  readonly missing: readonly MissingSecret[];
}

/** The verbs of one actor. Each settles when it is done, and throws `unknown_tenant` for an unknown tenant. */
export interface SecretVerbs {
  /**
   * Sets a secret. Running instances of the tenant get it by a restart that fails no request; the same value changes
   * nothing. @throws {TenementError} `bad_input`, `secrets_locked`, `state_failed`
   */
  set(tenantId: string, name: string, value: string): Promise<SecretView>;
  /**
   * Removes a secret. A running instance that needs it keeps its process, and does not start again without it.
   * @throws {TenementError} `unknown_secret`, `state_failed`
   */
  remove(tenantId: string, name: string): Promise<void>;
  /**
   * Gives a secret that tenement or a hook made a new value. @throws {TenementError} `unknown_secret`, `bad_input` for
   * one that an operator set, `secrets_locked`, `state_failed`
   */
  rotate(tenantId: string, name: string): Promise<SecretView>;
}

export interface SecretFace {
  /** Returns the verbs of `actor`, to whom the event log ascribes their changes. */
  by(actor: Actor): SecretVerbs;
  /** Encrypts all secrets with a new key, or goes on with it. @throws {TenementError} `secrets_locked`, `state_failed` */
  changeKey(by: Actor): Promise<KeyChange>;
  /** @throws {TenementError} `unknown_tenant` */
  list(tenantId: string): SecretList;
}
