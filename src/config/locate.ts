/** Finds the line of a key in a TOML text. Loaded only when there is an error to point at. */

import type { AST } from 'toml-eslint-parser';
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';

export type KeyPath = readonly (string | number)[];

/** Returns the line, from 1, of the deepest part of the path that is in the text; null when no part is. */
export function lineOf(text: string, path: KeyPath): number | null {
  let best: { depth: number; line: number } | null = null;
  for (const { keys, line } of entries(text)) {
    const depth = commonDepth(keys, path);
    if (depth > 0 && depth >= Math.min(keys.length, path.length) && (best === null || depth > best.depth)) {
      best = { depth, line };
    }
  }
  return best?.line ?? null;
}

interface KeyLine {
  readonly keys: KeyPath;
  readonly line: number;
}

function entries(text: string): KeyLine[] {
  const found: KeyLine[] = [];
  const top = parseTOML(text).body[0];
  for (const node of top.body) visit(node, [], found);
  return found;
}

function visit(node: AST.TOMLTable | AST.TOMLKeyValue, prefix: KeyPath, found: KeyLine[]): void {
  // A table of a list is named by its place in the list, too.
  const keys = node.type === 'TOMLTable' ? node.resolvedKey : [...prefix, ...getStaticTOMLValue(node.key)];
  found.push({ keys, line: node.loc.start.line });
  if (node.type === 'TOMLTable') for (const child of node.body) visit(child, keys, found);
  else if (node.value.type === 'TOMLInlineTable') for (const child of node.value.body) visit(child, keys, found);
}

function commonDepth(keys: KeyPath, path: KeyPath): number {
  let depth = 0;
  while (depth < keys.length && depth < path.length && String(keys[depth]) === String(path[depth])) depth += 1;
  return depth;
}
