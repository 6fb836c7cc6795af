import { expect, it } from 'vitest';
import { parseGenerator } from '../../src/core/secrets/generator.ts';
import { randomValue } from '../../src/secrets/random-value.ts';

function made(text: string): string {
  const generator = parseGenerator(text);
  if (typeof generator === 'string') throw new Error(generator);
  return randomValue(generator);
}

it.each([
  ['hex:32', /^[0-9a-f]{64}$/],
  ['base64:32', /^[A-Za-z0-9+/]{43}=$/],
  ['alnum:40', /^[A-Za-z0-9]{40}$/],
  ['uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
])('%s gives values of its form, another each time', (text, form) => {
  const values = Array.from({ length: 100 }, () => made(text));
  for (const value of values) expect(value).toMatch(form);
  expect(new Set(values).size).toBe(100);
});

it('alnum uses every character about equally often', () => {
  const counts = new Map<string, number>();
  for (let round = 0; round < 62; round += 1)
    for (const character of made('alnum:1000')) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(62);
  // 1,000 are expected of each, with a standard deviation of 31.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250);
});
