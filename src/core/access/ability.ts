/** What a token may do with the things that its scope covers. Pure. */
import { TenementError } from '../../errors.ts';

/**
 * `read`: see. `operate`: start, stop, restart, put to sleep, read output. `manage`: everything else that changes
 * something. None includes another, except that every token may read.
 */
export const ABILITIES = ['read', 'operate', 'manage'] as const;
/** What a token may do. */
export type Ability = (typeof ABILITIES)[number];

/**
 * Returns the abilities in the order of `ABILITIES`, each once, with `read`.
 * @throws {TenementError} `bad_input` for an unknown word, and for none
 */
export function abilitiesOf(words: readonly string[]): Ability[] {
  const unknown = words.find((word) => !isAbility(word));
  if (unknown !== undefined || words.length === 0) {
    const what =
      unknown === undefined ? 'no ability is named' : `${JSON.stringify(unknown.slice(0, 80))} is no ability`;
    throw new TenementError('bad_input', `can: ${what}`, {
      hint: `Name one or more of ${ABILITIES.join(', ')}, for example \`--can read,operate\`.`,
    });
  }
  return ABILITIES.filter((ability) => ability === 'read' || words.includes(ability));
}

function isAbility(word: string): word is Ability {
  return (ABILITIES as readonly string[]).includes(word);
}
