/** Names that look like another name. Pure. */

const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Armenian',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Thai',
  'Georgian',
] as const;
const EAST_ASIAN = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo'] as const;

const patternOf = (script: string) => new RegExp(`\\p{Script=${script}}`, 'u');
const alphabets = SCRIPTS.map(patternOf);
const latin = patternOf('Latin');
const eastAsian = EAST_ASIAN.map(patternOf);
/** Letters of scripts that are not listed above; digits, - and combining marks are of no script. */
const other = new RegExp(
  `[^${[...SCRIPTS, ...EAST_ASIAN, 'Common', 'Inherited'].map((name) => `\\p{Script=${name}}`).join('')}]`,
  'u',
);

/**
 * Whether a label has letters of several scripts that no language writes together. Latin together with Chinese, Japanese
 * or Korean is common (UTS #39 §5.2, "highly restrictive").
 */
export function mixesScripts(label: string): boolean {
  const used = alphabets.filter((pattern) => pattern.test(label)).length + Number(other.test(label));
  if (!eastAsian.some((pattern) => pattern.test(label))) return used > 1;
  return used > Number(latin.test(label));
}

/** Letters that look like Latin ones (from the confusables of UTS #39), with those. */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  ...{ а: 'a', с: 'c', ԁ: 'd', е: 'e', һ: 'h', і: 'i', ј: 'j', ӏ: 'l', о: 'o', р: 'p', ԛ: 'q', ѕ: 's', ѵ: 'v' },
  ...{ ԝ: 'w', х: 'x', у: 'y', ь: 'b', г: 'r', п: 'n' },
  ...{ α: 'a', ε: 'e', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x' },
  ...{ ɑ: 'a', ɡ: 'g', ı: 'i', ո: 'n', օ: 'o', ս: 'u', հ: 'h' },
};

/** Returns the ASCII name that a name looks like, though a label of it has only other letters; null: none. */
export function lookAlike(name: string): string | null {
  const labels = name.split('.').map(seenAs);
  const seen = labels.map((label) => label ?? '').join('.');
  return labels.includes(null) || seen === name ? null : seen;
}

/** Returns a label as it is seen by who expects ASCII; null: it cannot be taken for that. */
function seenAs(label: string): string | null {
  const letters = [...label].map((letter) => (/[a-z0-9-]/.test(letter) ? letter : LOOKS_LIKE[letter]));
  return letters.includes(undefined) ? null : letters.join('');
}
