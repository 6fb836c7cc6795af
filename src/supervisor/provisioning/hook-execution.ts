/** Runs one action of one hook for a tenant, and tells the outcome without a value of a secret. */
import { type HookAction, type HookKey, hookName, hookSource } from '../../core/provisioning/hook.ts';
import type { HookCounts } from '../../core/provisioning/hook-counts.ts';
import { hookRun } from '../../core/provisioning/hook-environment.ts';
import type { HookResult, OpenHookRunner } from '../../core/provisioning/hook-run.ts';
import { toldLines } from '../../core/provisioning/told-lines.ts';
import type { SealedSecret } from '../../core/secrets/sealed-secret.ts';
import type { OpenVault } from '../../core/secrets/vault.ts';
import type { TemplateValues } from '../../core/service/template.ts';
import type { HookStore, KnownHook } from '../../core/stores/hook-store.ts';
import type { SecretStore } from '../../core/stores/secret-store.ts';
import { TenementError } from '../../errors.ts';
import type { HookSlots } from './hook-slots.ts';

export interface HookExecutionDeps {
  readonly hooks: Pick<HookStore, 'known'>;
  readonly secrets: SecretStore;
  readonly openVault: OpenVault;
  readonly openHookRunner: OpenHookRunner;
  readonly counts: HookCounts;
  readonly markDir: string;
  /** Ms of a clock that is never set. */
  steadyMs(): number;
  /** Returns the hook as the config has it; null: the config has none of that name. */
  configured(key: HookKey): KnownHook | null;
  /** Returns what templates are filled in with. */
  valuesOf(tenantId: string, service: string): TemplateValues & Required<Pick<TemplateValues, 'tenant_dir'>>;
  /** Settles when nothing of an earlier server's hooks is left. */
  strayless(): Promise<void>;
}

export interface HookAsked {
  readonly tenantId: string;
  readonly key: HookKey;
  readonly action: HookAction;
  /** The secret that `rotate` is asked for. */
  readonly rotates?: string;
  readonly slots: HookSlots;
  readonly signal: AbortSignal;
}

export type HookOutcome =
  | { readonly ok: true; readonly output: Uint8Array; readonly tookMs: number }
  /** `isCut`: as in `HookResult`. */
  | { readonly ok: false; readonly reason: string; readonly lines: readonly string[]; readonly isCut: boolean }
  /** It was ended by `signal`, and has neither succeeded nor failed. */
  | { readonly ok: null };

export class HookExecution {
  private readonly deps: HookExecutionDeps;

  constructor(deps: HookExecutionDeps) {
    this.deps = deps;
  }

  /** Returns the hook as it is configured, or as it last was; null: there is no such command. */
  commandOf(key: HookKey, action: HookAction): KnownHook | null {
    const hook = this.deps.configured(key) ?? this.deps.hooks.known(key);
    return hook === null || hook.config.commands[action] === null ? null : hook;
  }

  async run(asked: HookAsked): Promise<HookOutcome> {
    const { slots, signal, key, action } = asked;
    const slot = await slots.take(signal);
    if (slot === null) return { ok: null };
    const beganMs = this.deps.steadyMs();
    try {
      const outcome = await this.inSlot(asked, beganMs);
      if (signal.aborted && outcome.ok === false) return { ok: null };
      this.deps.counts.note(key, action, outcome.ok === true, this.deps.steadyMs() - beganMs);
      return outcome;
    } finally {
      slot.release();
    }
  }

  private async inSlot(asked: HookAsked, beganMs: number): Promise<HookOutcome> {
    const { tenantId, key, action, signal, rotates = null } = asked;
    try {
      const hook = this.commandOf(key, action);
      if (hook === null) return failure(`the config has no ${action} of ${hookName(key)}`);
      await this.deps.strayless();
      const values = await this.secretsOf(tenantId, action);
      const own = new Map(
        values.filter(({ source }) => source === hookSource(key)).map((one) => [one.name, one.value]),
      );
      const run = hookRun({
        ...{ tenantId, hook, action, rotates, secrets: own },
        values: this.deps.valuesOf(tenantId, key.service),
        markDir: this.deps.markDir,
      });
      const result = await (await this.deps.openHookRunner()).run(run, signal);
      const tookMs = Math.round(this.deps.steadyMs() - beganMs);
      if (result.ok) return { ok: true, output: result.output, tookMs };
      const hidden = [...values.map(({ value }) => value), ...printedBy(action, result)];
      const { reason, errors, isCut = false } = result;
      return { ok: false, reason, lines: toldLines(errors, hidden), isCut };
    } catch (error) {
      return failure(error instanceof Error ? error.message : String(error));
    }
  }

  /** Lists the tenant's secrets with their values. A lost key must not keep anything from being destroyed. */
  private async secretsOf(tenantId: string, action: HookAction): Promise<(SealedSecret & { value: string })[]> {
    const sealed = this.deps.secrets.list(tenantId);
    if (sealed.length === 0) return [];
    try {
      const vault = await this.deps.openVault();
      return sealed.map((secret) => ({ ...secret, value: vault.open(tenantId, secret) }));
    } catch (error) {
      if (action === 'destroy' && error instanceof TenementError && error.code === 'secrets_locked') return [];
      throw error;
    }
  }
}

function failure(reason: string): HookOutcome {
  return { ok: false, reason, lines: [], isCut: false };
}

/** Values that a run has printed before it failed. */
function printedBy(action: HookAction, { output }: HookResult): string[] {
  if (action === 'measure') return [];
  const lines = Buffer.from(output).toString('utf8').split('\n');
  return lines.flatMap((line) => (line.includes('=') ? [line.slice(line.indexOf('=') + 1)] : [line]));
}
