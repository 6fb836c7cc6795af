/** The first token, in a file for its owner. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { ABILITIES } from '../../core/access/ability.ts';
import { SYSTEM } from '../../core/access/actor.ts';
import { EVERYTHING } from '../../core/access/permission.ts';
import type { TokenInfo, TokenStore } from '../../core/stores/token-store.ts';
import type { TokenFace } from '../../core/verbs/token-verbs.ts';

export interface AdminTokenDeps {
  readonly tokens: TokenFace;
  readonly tokenStore: Pick<TokenStore, 'check'>;
}

/** Makes the first token and writes it to `file`, mode 0600. Does nothing while the file has a valid one. */
export async function ensureAdminToken({ tokens, tokenStore }: AdminTokenDeps, file: string): Promise<void> {
  const present = readToken(file);
  const check = present === null ? null : tokenStore.check(present);
  if (check?.ok === true && mayDoEverything(check.token)) return;
  const { token } = await tokens.by(SYSTEM, EVERYTHING).create({ name: 'admin' });
  const temporary = `${file}.new`;
  const fd = openSync(temporary, 'w', 0o600);
  writeSync(fd, `${token}\n`);
  fsyncSync(fd);
  closeSync(fd);
  renameSync(temporary, file);
}

function mayDoEverything({ scope, can }: TokenInfo): boolean {
  return scope.kind === 'admin' && ABILITIES.every((ability) => can.includes(ability));
}

function readToken(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
