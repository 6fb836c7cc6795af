import { globSync, readFileSync } from 'node:fs';
import { matchesGlob } from 'node:path';
import { expect, test } from 'vitest';
import { LEVELS } from './hostile/levels.ts';
import { LONG, STARTING_PROCESSES, WITH_MODULES_OF_THEIR_OWN } from './stages.ts';

/** Expands `a/{b,c}.test.ts` to two paths. */
function alternativesOf(pattern: string): string[] {
  const [, before, names, after] = /^(.*)\{(.+)\}(.*)$/.exec(pattern) ?? [];
  return names === undefined ? [pattern] : names.split(',').map((name) => `${before}${name}${after}`);
}

test('every test that is named for a stage exists', () => {
  const named = [...LONG, ...STARTING_PROCESSES, ...WITH_MODULES_OF_THEIR_OWN].flatMap(alternativesOf);
  expect(named.filter((pattern) => globSync(pattern).length === 0)).toEqual([]);
});

test('every unit test that replaces a module has modules of its own', () => {
  const apart = [...LONG, ...STARTING_PROCESSES, ...WITH_MODULES_OF_THEIR_OWN, 'test/{vm,apps}/**'];
  const shared = globSync('test/**/*.test.ts').filter((file) => !apart.some((pattern) => matchesGlob(file, pattern)));
  expect(shared.filter((file) => /^\s*vi\.(do)?[mM]ock\(/m.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test('hostile tenants are tried at every level of isolation', () => {
  const tried = globSync('test/hostile/*.test.ts').map(
    (file) => /tryAllAt\('(.*)'\)/.exec(readFileSync(file, 'utf8'))?.[1],
  );
  expect(tried.sort()).toEqual(LEVELS.map(({ name }) => name).sort());
});
