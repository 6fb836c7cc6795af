/** Suggestions for misspelt words. */
import leven from 'leven';

/** Returns the known word closest to `word`, or null when none is close enough. */
export function nearest(word: string, known: readonly string[]): string | null {
  const byDistance = known
    .map((name) => ({ name, distance: leven(word, name) }))
    .sort((a, b) => a.distance - b.distance);
  const [first] = byDistance;
  return first !== undefined && first.distance <= Math.max(2, word.length / 3) ? first.name : null;
}
