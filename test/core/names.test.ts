import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInstanceName } from '../../src/core/lifecycle/instance.ts';
import { formatDuration, parseDurationMs } from '../../src/core/limits/units.ts';
import { fillTemplate, templateVariables } from '../../src/core/service/template.ts';
import { assertTenantId, isLabel } from '../../src/core/tenants/tenant.ts';

describe('ids', () => {
  it.each(['..', '/tmp/x', 'A', '-a', 'a-', 'a'.repeat(64), 'xn--', 'é', '', 'a.b', 'a\n', 'a b', '.tenement'])(
    '%j is refused',
    (id) => {
      expect(() => assertTenantId(id)).toThrow(expect.objectContaining({ code: 'bad_id' }));
    },
  );

  it('what is accepted never leaves its directory', () => {
    fc.assert(fc.property(fc.string(), (text) => !isLabel(text) || /^[a-z0-9-]{1,63}$/.test(text)));
  });

  it('an instance is SERVICE:ID', () => {
    expect(parseInstanceName('api:acme')).toEqual({ service: 'api', tenantId: 'acme' });
    for (const bad of ['api', ':acme', 'api:', 'api:..', 'API:acme']) expect(() => parseInstanceName(bad)).toThrow();
  });
});

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

describe('durations', () => {
  it.each([
    [300, 300_000],
    ['5m', 300_000],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    [0, 0],
    [1.5, null],
    [-1, null],
    ['5 m', null],
    ['', null],
    ['m', null],
    ['1e3s', null],
  ])('%j → %s ms', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it('any text is a whole number of milliseconds or nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => Number.isSafeInteger(parseDurationMs(text) ?? 0)));
  });

  it.each([
    [40, '40ms'],
    [250_000, '4m 10s'],
    [3_600_000, '1h'],
    [93_784_000, '1d 2h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
