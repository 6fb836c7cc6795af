import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, templateVariables } from '../../../src/core/service/template.ts';

describe('templates', () => {
  it('are filled in, and escaped braces stay braces', () => {
    expect(fillTemplate('{data_dir}/{id} {{x}}', { data_dir: '/d', id: 'acme' })).toBe('/d/acme {x}');
  });

  it('return escaped text unchanged', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fillTemplate(text.replaceAll('{', '{{').replaceAll('}', '}}'), {})).toBe(text);
      }),
    );
  });

  it('name their variables, and refuse variables without a value', () => {
    expect(templateVariables('{id}-{id}-{nope}')).toEqual(['id', 'nope']);
    for (const bad of ['{nope}', '{port}', '{', '}', '{toString}'])
      expect(() => fillTemplate(bad, { id: 'x' })).toThrow();
  });
});
