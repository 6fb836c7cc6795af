/** Names operations of the description by their method and path, so that generated clients have stable names. Pure. */

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'change', PUT: 'set', DELETE: 'remove' };

/**
 * Returns a name such as `listInstances`, `getInstance`, `startInstance` or `rotateTenantSecret`.
 * @param path with `{name}` for parameters
 */
export function operationId(method: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'api');
  const last = parts.at(-1) ?? '';
  const isOfItem = last.includes('{');
  const nouns = parts.filter((part) => !part.includes('{'));
  // What follows a parameter is a verb on what it names, unless it is a list of its own.
  if (method === 'POST' && !isOfItem && nouns.length > 1 && !last.endsWith('s')) {
    return camel([last, ...nouns.slice(0, -1).map(singular)]);
  }
  if (method !== 'GET') return camel([VERBS[method] ?? method.toLowerCase(), ...nouns.map(singular)]);
  if (isOfItem || !last.endsWith('s') || last === 'metrics')
    return camel(['get', ...nouns.map((noun) => (noun === 'metrics' ? noun : singular(noun)))]);
  return camel(['list', ...nouns.slice(0, -1).map(singular), ...nouns.slice(-1)]);
}

function camel(words: readonly string[]): string {
  const [first = '', ...rest] = words.flatMap((word) => word.split(/[^a-zA-Z0-9]+/)).filter((word) => word !== '');
  return first + rest.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

function singular(noun: string): string {
  return noun.endsWith('s') && !noun.endsWith('ss') ? noun.slice(0, -1) : noun;
}
