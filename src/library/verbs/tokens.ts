/** API tokens as a host program makes them. */
import { LIBRARY } from '../../core/access/actor.ts';
import { EVERYTHING } from '../../core/access/permission.ts';
import { assertTokenInput } from '../../core/input/library/library-input.ts';
import type { TokenAdmin, TokenFace } from '../../core/verbs/token-verbs.ts';
import type { Call } from '../calls.ts';

export function libraryTokens(tokens: TokenFace, call: Call): TokenAdmin {
  const verbs = tokens.by(LIBRARY, EVERYTHING);
  return {
    list: () => tokens.list(),
    create: (input = {}) =>
      call(() => {
        assertTokenInput(input);
        return verbs.create(input);
      }),
    revoke: (id) => call(() => verbs.revoke(String(id))),
  };
}
