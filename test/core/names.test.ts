import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseInstanceName } from '../../src/core/lifecycle/instance.ts';
import { formatDuration, parseDurationMs } from '../../src/core/limits/units.ts';
import { candidates, normalizeHost, type RoutingTable } from '../../src/core/routing/routing.ts';
import { fillTemplate, templateVariables } from '../../src/core/service/template.ts';
import { assertTenantId, isLabel } from '../../src/core/tenants/tenant.ts';

const TABLE: RoutingTable = {
  domains: ['example.com', 'localhost'],
  defaultService: 'api',
  services: new Set(['api', 'web']),
  aliases: new Map([['shop', 'customer1']]),
};
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

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

describe('hosts', () => {
  it.each([
    ['acme.example.com', ['api:acme']],
    ['acme.web.example.com', ['web:acme']],
    ['shop.example.com', ['api:shop', 'api:customer1']],
    ['acme.other.example.com', []],
    ['example.com', []],
    ['127.0.0.1', []],
    ['..example.com', []],
    [`${'a'.repeat(64)}.example.com`, []],
  ])('%s → %j', (host, expected) => {
    expect(candidates(normalizeHost(host) ?? '', TABLE)).toEqual(expected);
  });

  it('case, port and a trailing dot do not matter', () => {
    fc.assert(
      fc.property(label, fc.integer({ min: 1, max: 65_535 }), (tenant, port) => {
        const name = normalizeHost(`${tenant.toUpperCase()}.Example.COM.:${port}`) ?? '';
        expect(candidates(name, TABLE)[0]).toBe(`api:${tenant}`);
      }),
    );
  });

  it('a domain of * routes on the leading label of any host', () => {
    const table = { ...TABLE, domains: ['*'] };
    expect(candidates('acme.anything.org', table)).toEqual(['api:acme']);
    expect(candidates('acme.web.anything.org', table)).toEqual(['web:acme', 'api:acme']);
  });

  it('whatever is sent, an instance of a valid id or none comes out', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const host = normalizeHost(text);
        for (const name of candidates(host ?? '', { ...TABLE, domains: ['*'] }))
          expect(() => parseInstanceName(name)).not.toThrow();
      }),
    );
  });

  it.each(['/tmp/x', 'a b', 'a,b', '', 'a@b', 'a:b:c'])('%j is no host', (host) => {
    expect(normalizeHost(host)).toBeNull();
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
