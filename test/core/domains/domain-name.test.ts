import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assertForeign,
  domainWarning,
  hostOf,
  ownDomainOf,
  parseDomain,
} from '../../../src/core/domains/domain-name.ts';
import { TenementError } from '../../../src/errors.ts';
import { idna } from '../../../src/node/idna.ts';

const parse = (text: string) => parseDomain(text, idna);

function refusal(text: string): string {
  try {
    parse(text);
    return '';
  } catch (error) {
    if (!(error instanceof TenementError)) throw error;
    expect(error.code).toBe('bad_domain');
    return `${error.message} | ${error.hint}`;
  }
}

describe('a name that is typed', () => {
  it.each([
    ['shop.example.com', 'shop.example.com', 'shop.example.com'],
    ['SHOP.Example.COM', 'shop.example.com', 'shop.example.com'],
    ['shop.example.com.', 'shop.example.com', 'shop.example.com'],
    [' shop.example.com\n', 'shop.example.com', 'shop.example.com'],
    ['1.example', '1.example', '1.example'],
    ['bücher.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['BÜCHER.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['bu\u0308cher.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['faß.example', 'xn--fa-hia.example', 'faß.example'],
    ['пример.рф', 'xn--e1afmkfd.xn--p1ai', 'пример.рф'],
    ['東京.jp', 'xn--1lqs71d.jp', '東京.jp'],
    ['日本japan.jp', 'xn--japan-1e1k07e.jp', '日本japan.jp'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('%j is kept as %s and shown as %s', (text, host, name) => {
    expect(parse(text)).toEqual({ host, name });
  });

  it.each([
    ['https://shop.example.com/', 'Give the name alone: shop.example.com.'],
    ['HTTPS://user@Shop.example.com:8443/x?y#z', 'Give the name alone: shop.example.com.'],
    ['shop.example.com:8080', 'Give the name alone: shop.example.com.'],
    ['shop.example.com/', 'Give the name alone: shop.example.com.'],
    ['shop.example.com\\x', 'Give the name alone: shop.example.com.'],
    ['user@shop.example.com', 'Give the name alone: shop.example.com.'],
    ['*.example.com', 'a wildcard is no domain'],
    ['shop.*.com', 'a wildcard is no domain'],
    ['127.0.0.1', 'IP address'],
    ['127.1', 'IP address'],
    ['0x7f.1', 'IP address'],
    ['2130706433', 'IP address'],
    ['shop.123', 'IP address'],
    ['[::1]', 'IP address'],
    ['[::1]:80', 'IP address'],
    ['::1', 'IP address'],
    ['localhost', 'at least two labels'],
    ['com.', 'at least two labels'],
    ['', 'it is empty'],
    ['.', 'a label is empty'],
    ['a..example', 'a label is empty'],
    ['.example.com', 'a label is empty'],
    ['example.com..', 'a label is empty'],
    ['a_b.example.com', 'is no label'],
    ['-a.example.com', 'is no label'],
    ['a-.example.com', 'is no label'],
    [`${'a'.repeat(64)}.example`, 'is no label'],
    [`${'a.'.repeat(150)}example`, 'has at most 253 characters, and this has 307'],
    ['shop example.com', 'no name of the DNS'],
    ['shop.example.com\u0000', 'no name of the DNS'],
    ['ex\u202eample.com', 'no name of the DNS'],
    ['ｓhop.example.com', 'type shop.example.com.'],
    ['shop。example.com', 'type shop.example.com.'],
    ['sho\u00adp.example.com', 'type shop.example.com.'],
    ['ﬁx.example', 'type fix.example.'],
    ['xn--zzzzzz.example', 'stands for no name'],
    ['xn--.example', 'is no label'],
    ['аpple.example', 'mixes letters of several scripts'],
    ['αpple.example', 'mixes letters of several scripts'],
    ['日本аб.jp', 'mixes letters of several scripts'],
  ])('%j is refused: %s', (text, why) => {
    expect(refusal(text)).toContain(why);
  });

  it('is refused, or is a host that stays the same when it is typed again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.domain(), fc.string({ unit: 'grapheme' })), (text) => {
        if (refusal(text) !== '') return;
        const { host, name } = parse(text);
        expect(host).toMatch(/^[a-z0-9.-]{3,253}$/);
        expect([parse(host), parse(name)]).toEqual([
          { host, name },
          { host, name },
        ]);
      }),
    );
  });
});

it('a name in other letters that looks like a Latin one is told, and kept', () => {
  expect(domainWarning(parse('аррӏе.com'))).toBe('it looks like apple.com, and is written in other letters');
  expect(domainWarning(parse('пример.рф'))).toBeNull();
  expect(domainWarning(parse('apple.com'))).toBeNull();
});

it('a domain that exists is found however it is typed, though it would be refused today', () => {
  expect(hostOf('SHOP.example.com.', idna)).toBe('shop.example.com');
  expect(hostOf('bücher.example', idna)).toBe('xn--bcher-kva.example');
  expect(hostOf('not a name', idna)).toBe('not a name');
});

describe('names of our own', () => {
  const proxy = { domains: ['localhost', 'example.com', '*'] };

  it.each([
    ['example.com', 'example.com'],
    ['shop.example.com', 'example.com'],
    ['a.b.example.com', 'example.com'],
    ['shop.localhost', 'localhost'],
    ['shop.myexample.com', null],
    ['example.com.org', null],
    ['acme.org', null],
  ])('%s is under %s', (host, own) => {
    expect(ownDomainOf(host, proxy)).toBe(own);
  });

  it('are refused, and others are not', () => {
    expect(() => assertForeign({ host: 'shop.example.com', name: 'shop.example.com' }, proxy)).toThrow(/example\.com/);
    expect(() => assertForeign({ host: 'shop.acme.org', name: 'shop.acme.org' }, proxy)).not.toThrow();
  });
});
