/** `{{name}}` in the requests of a probe file. Pure. */

const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/**
 * Replaces each placeholder by what `fill` returns for it; null: by nothing. Placeholders in a value stay as they are,
 * because a tenant may have sent it.
 */
export function fillPlaceholders(text: string, fill: (name: string) => string | null): string {
  return text.replace(PLACEHOLDER, (_all, name: string) => fill(name) ?? '');
}
