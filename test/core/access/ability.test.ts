import { expect, test } from 'vitest';
import { abilitiesOf } from '../../../src/core/access/ability.ts';

test('abilities come in order, each once, and always with read', () => {
  expect(abilitiesOf(['manage', 'read', 'manage'])).toEqual(['read', 'manage']);
  expect(abilitiesOf(['operate'])).toEqual(['read', 'operate']);
});

test.each([[['write']], [['read', 'READ']], [['']], [[]]])('%j is refused, and the abilities are named', (words) => {
  expect(() => abilitiesOf(words)).toThrow(
    expect.objectContaining({ code: 'bad_input', hint: expect.stringContaining('read, operate, manage') }),
  );
});
