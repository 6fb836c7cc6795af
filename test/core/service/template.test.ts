import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, templateVariables } from '../../../src/core/service/template.ts';

describe('templates', () => {
  it('fills in, and leaves escaped braces as braces', () => {
    expect(fillTemplate('{data_dir}/{id} {{x}}', { data_dir: '/d', id: 'acme' })).toBe('/d/acme {x}');
  });

  it('escaped text comes back as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fillTemplate(text.replaceAll('{', '{{').replaceAll('}', '}}'), {})).toBe(text);
      }),
    );
  });

  it('names its variables, and refuses those without a value', () => {
    expect(templateVariables('{id}-{id}-{nope}')).toEqual(['id', 'nope']);
    for (const bad of ['{nope}', '{port}', '{', '}', '{toString}'])
      expect(() => fillTemplate(bad, { id: 'x' })).toThrow();
  });
});
