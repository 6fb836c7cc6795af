/** What a misspelt word was meant to be. */
import leven from 'leven';

/** A word close enough to be what was meant, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  const byDistance = known
    .map((name) => ({ name, distance: leven(word, name) }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = byDistance;
  return first !== undefined && first.distance <= Math.max(2, word.length / 3) ? first.name : null;
}
