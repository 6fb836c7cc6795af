import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHttp2Head, readHttp2Trailers } from '../../../../src/proxy/client/http2/http2-head.ts';
import { requestHead } from '../../../../src/proxy/routing/headers.ts';

const GET = [':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'acme.localhost'];
const MAX_BYTES = 16 * 1024;

const BY = {
  peer: '192.0.2.1',
  trusted: false,
  host: 'acme.localhost',
  proto: 'https',
  requestId: 'an-id',
  tenantId: 'acme',
} as const;

describe('the head of a request', () => {
  test('begins with its host, and keeps the order of the other fields', () => {
    const head = readHttp2Head([...GET, 'x-b', '1', 'x-a', '2', 'x-b', '3'], MAX_BYTES);
    expect(head).toMatchObject({ method: 'GET', url: '/', host: 'acme.localhost', fault: null });
    expect(head.rawHeaders).toEqual(['host', 'acme.localhost', 'x-b', '1', 'x-a', '2', 'x-b', '3']);
  });

  test('has one cookie field for all crumbs', () => {
    const head = readHttp2Head([...GET, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'cookie', 'c=3'], MAX_BYTES);
    expect(head.rawHeaders).toEqual(['host', 'acme.localhost', 'cookie', 'a=1; b=2; c=3', 'x', 'y']);
  });

  test('may name its host twice, if it is the same', () => {
    const head = readHttp2Head([...GET, 'host', 'ACME.localhost'], MAX_BYTES);
    expect(head.rawHeaders).toEqual(['host', 'acme.localhost']);
    expect(head.fault).toBeNull();
    expect(readHttp2Head([...GET, 'host', 'beta.localhost'], MAX_BYTES).fault).toBe('bad_host');
  });

  test('has a size limit, as it would have in HTTP/1.1', () => {
    const text = 'GET / HTTP/1.1\r\nhost: acme.localhost\r\nx: y\r\n\r\n';
    expect(readHttp2Head([...GET, 'x', 'y'], text.length)).toMatchObject({ bytes: text.length, fault: null });
    expect(readHttp2Head([...GET, 'x', 'y'], text.length - 1).fault).toBe('headers_too_large');
  });

  test('with an expectation other than the usual one gets 417', () => {
    expect(readHttp2Head([...GET, 'expect', '100-continue'], MAX_BYTES).fault).toBeNull();
    expect(readHttp2Head([...GET, 'expect', 'more'], MAX_BYTES).fault).toBe('expectation_failed');
  });
});

test('trailers are fields that could be of the head', () => {
  expect(
    readHttp2Trailers(['x-a', '1', 'X-B', '2', 'x-c', 'a\r\nb', ':path', '/', 'connection', 'x', 'te', 'x']),
  ).toEqual(['x-a', '1']);
});

/** Text with everything that ends or begins something in HTTP/1.1, beside other bytes. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        ' ',
        '\t',
        ':',
        ' HTTP/1.1',
        'GET /',
        '0\r\n\r\n',
        '\x85',
        '\xa0',
        '\x7f',
        '#',
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 5 }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));

const names = fc.oneof(
  fc.constantFrom(':method', ':path', ':scheme', ':authority', ':status', 'host', 'cookie', 'te', 'transfer-encoding'),
  fc.constantFrom('content-length', 'connection', 'upgrade', 'expect', 'x-a', 'X-A', 'trailer', 'x_tenant_id'),
  hostile,
);
const values = fc.oneof(
  fc.constantFrom('GET', 'POST', '/', 'https', 'acme.localhost', 'chunked', '5', 'trailers'),
  hostile,
);
const fields = fc.oneof(
  fc.array(fc.tuple(names, values), { maxLength: 8 }).map((pairs) => pairs.flat()),
  fc.array(fc.tuple(names, values), { maxLength: 4 }).map((pairs) => [...GET, ...pairs.flat()]),
  fc
    .tuple(values, hostile)
    .map(([method, path]) => [':method', method, ':scheme', 'https', ':path', `/${path}`, ...GET.slice(6)]),
);

test('a head that is served is exactly one head of HTTP/1.1, whatever its fields are', () => {
  let served = 0;
  const check = fc.property(fields, fc.boolean(), (raw, hasBody) => {
    const { method, url, rawHeaders, fault, host } = readHttp2Head(raw, MAX_BYTES);
    if (fault !== null || host === null) return;
    const isChunked = hasBody && !rawHeaders.includes('content-length');
    served += 1;
    const text = requestHead({ method, rawHeaders, isChunked, repeated: null }, url, BY);
    const [line = '', ...lines] = text.split('\r\n');
    expect(line).toMatch(/^[A-Z-]+ \/[\x21-\x7e]* HTTP\/1\.1$/);
    expect(lines.splice(-2)).toEqual(['', '']);
    for (const one of lines) expect(one).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*$/);
    const of = (name: string) => lines.filter((one) => one.toLowerCase().startsWith(`${name}:`));
    expect(of('host')).toHaveLength(1);
    expect(of('content-length').length).toBeLessThanOrEqual(1);
    expect(of('transfer-encoding')).toEqual(isChunked ? ['Transfer-Encoding: chunked'] : []);
    expect(of('connection')).toHaveLength(1);
    expect(of('x-tenant-id')).toEqual(['X-Tenant-Id: acme']);
  });
  fc.assert(check, { numRuns: 5000 });
  expect(served).toBeGreaterThan(100);
});
