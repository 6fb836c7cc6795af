/** Changes the key of the secrets, and tells the event log. */
import { type Actor, SYSTEM } from '../../core/access/actor.ts';
import type { KeyChange } from '../../core/secrets/key-change.ts';
import type { SupervisorDeps } from '../supervisor-deps.ts';

type KeyChangeDeps = Pick<SupervisorDeps, 'vaultKey' | 'events' | 'clock' | 'logger'>;

/** @throws {TenementError} `secrets_locked`, `state_failed` */
export async function changeKey({ vaultKey, events, clock }: KeyChangeDeps, by: Actor): Promise<KeyChange> {
  const change = await vaultKey.change();
  const { keyId, secrets, unreadable } = change;
  const message = `${secrets === 1 ? '1 secret' : `${secrets} secrets`} encrypted with the key ${keyId}`;
  const about = { atMs: clock.nowMs(), instance: null, by };
  events.append({ ...about, type: 'secrets-rekeyed', message, data: { keyId, secrets, unreadable } });
  return change;
}

/** Continues a change that a server began which was killed. */
export async function resumeKeyChange(deps: KeyChangeDeps): Promise<void> {
  const { secrets, keyId, unreadable } = await changeKey(deps, SYSTEM);
  deps.logger.info({ secrets, keyId, unreadable }, 'an interrupted change of the key of the secrets is completed');
}
