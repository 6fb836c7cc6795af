/** Finds keys and values in a TOML text. Loaded only when there is an error to point at. */

import type { AST } from 'toml-eslint-parser';
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';

export type KeyPath = readonly (string | number)[];

/** What an error points at: a key, or the value that it has. */
export type Part = 'key' | 'value';

/** A piece of one line. */
export interface Span {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** In UTF-16 code units, at least 1; a piece of several lines ends with its first. */
  readonly length: number;
}

/** Returns the place of the deepest part of each path that is in the text; null where no part is. */
export function placesOf(text: string, wanted: readonly { path: KeyPath; part: Part }[]): (Span | null)[] {
  const all = entries(text);
  const lines = text.split('\n');
  return wanted.map(({ path, part }) => {
    const entry = deepest(all, path);
    return entry === null ? null : spanOf(pointedAt(entry, path, part), lines);
  });
}

interface Entry {
  readonly keys: KeyPath;
  /** The keys as they are written: the last ones of `keys`. */
  readonly written: readonly AST.TOMLNode[];
  /** Null for a table with a heading. */
  readonly value: AST.TOMLNode | null;
}

function deepest(all: readonly Entry[], path: KeyPath): Entry | null {
  let best: { depth: number; entry: Entry } | null = null;
  for (const entry of all) {
    const depth = commonDepth(entry.keys, path);
    const fits = depth > 0 && depth >= Math.min(entry.keys.length, path.length);
    if (fits && (best === null || depth > best.depth)) best = { depth, entry };
  }
  return best?.entry ?? null;
}

/** @returns the value of the path itself; the key, where the path leads into a value or ends before the entry's last key */
function pointedAt({ keys, written, value }: Entry, path: KeyPath, part: Part): readonly AST.TOMLNode[] {
  if (keys.length > path.length) {
    const own = written[path.length - 1 - (keys.length - written.length)];
    return own === undefined ? written : [own];
  }
  return part === 'value' && value !== null && keys.length === path.length ? [value] : written;
}

function spanOf(nodes: readonly AST.TOMLNode[], lines: readonly string[]): Span {
  const start = nodes[0]?.loc.start ?? { line: 1, column: 0 };
  const end = nodes.at(-1)?.loc.end ?? start;
  const endColumn = end.line === start.line ? end.column : (lines[start.line - 1] ?? '').trimEnd().length;
  return { line: start.line, column: start.column + 1, length: Math.max(1, endColumn - start.column) };
}

function entries(text: string): Entry[] {
  const found: Entry[] = [];
  for (const node of parseTOML(text).body[0].body) visit(node, [], found);
  return found;
}

function visit(node: AST.TOMLTable | AST.TOMLKeyValue, prefix: KeyPath, found: Entry[]): void {
  // A table of a list is named by its place in the list, too.
  const keys = node.type === 'TOMLTable' ? node.resolvedKey : [...prefix, ...getStaticTOMLValue(node.key)];
  const value = node.type === 'TOMLTable' ? null : node.value;
  found.push({ keys, written: node.key.keys, value });
  if (node.type === 'TOMLTable') for (const child of node.body) visit(child, keys, found);
  else visitValue(node.value, keys, found);
}

function visitValue(value: AST.TOMLContentNode, keys: KeyPath, found: Entry[]): void {
  if (value.type === 'TOMLInlineTable') for (const child of value.body) visit(child, keys, found);
  if (value.type !== 'TOMLArray') return;
  for (const [index, element] of value.elements.entries()) {
    found.push({ keys: [...keys, index], written: [element], value: element });
    visitValue(element, [...keys, index], found);
  }
}

function commonDepth(keys: KeyPath, path: KeyPath): number {
  let depth = 0;
  while (depth < keys.length && depth < path.length && String(keys[depth]) === String(path[depth])) depth += 1;
  return depth;
}
