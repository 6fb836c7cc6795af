/** The file of requests for `tenement verify --probe`. */
import { describe, expect, it } from 'vitest';
import { parseProbe } from '../../../../src/core/verify/web/probe-file.ts';

const FULL = `@who = verify-{{tenant}}@example.com

### Sign in
# @plant
// a remark
# @token auth = json token
# @id note = json notes.0.id
POST /notes HTTP/1.1
Content-Type: application/json
# another remark
Accept: */*

{"who": "{{who}}",

"text": "{{canary}}"}

### Read it
# @name reads
GET /notes/{{note}}?q=1
Authorization: Bearer {{auth}}

###
# @undo
DELETE /notes/{{note}}
`;

const parse = (text: string) => parseProbe(text, 'probe.http');

describe('parseProbe', () => {
  it('reads requests with their roles, captures, headers and bodies', () => {
    const { requests, variables } = parse(FULL);
    expect([...variables]).toEqual([['who', 'verify-{{tenant}}@example.com']]);
    expect(requests.map(({ role, method, path }) => [role, method, path])).toEqual([
      ['plant', 'POST', '/notes'],
      ['read', 'GET', '/notes/{{note}}?q=1'],
      ['undo', 'DELETE', '/notes/{{note}}'],
    ]);
    expect(requests[0]).toMatchObject({
      headers: [
        ['Content-Type', 'application/json'],
        ['Accept', '*/*'],
      ],
      body: '{"who": "{{who}}",\n\n"text": "{{canary}}"}',
      captures: [
        { kind: 'token', name: 'auth', source: 'json', of: 'token' },
        { kind: 'id', name: 'note', source: 'json', of: 'notes.0.id' },
      ],
      line: 8,
    });
  });

  it('reads a file with carriage returns like one without', () => {
    expect(parse(FULL.replaceAll('\n', '\r\n'))).toEqual(parse(FULL));
  });

  it.each([
    ['GET http://other.example/\n', 1, 'write the path alone'],
    ['get /\n', 1, 'expected a request'],
    ['GET /\nno header\n', 2, 'expected a header'],
    ['GET /\nHost: other\n', 2, 'Host is set by tenement'],
    ['GET /\nCookie: a=b\n', 2, 'Cookie is set by tenement'],
    ['# @no-redirect\nGET /\n', 1, 'unknown directive @no-redirect'],
    ['# @token x\nGET /\n', 1, 'expected @token NAME = '],
    ['# @id x = xpath //a\nGET /\n', 1, 'expected @id NAME = '],
    ['POST /\n\n< ./body.json\n', 3, 'a body cannot be read from a file'],
    ['GET /{{note}}\n', 1, '{{note}} is neither captured nor set'],
    ['@a = {{b}}\n@b = 1\nGET /\n', 1, '@a may use'],
    ['# @plant\nPOST /\n\n{{canary}}\n### read\nGET /\n', 2, 'no @undo request removes it'],
    ['@c = x{{canary}}\n# @plant\nPOST /\n\n{{c}}\n### read\nGET /\n', 3, 'no @undo request removes it'],
    ['# @plant\nPOST /\n', 1, 'there is no request to try across'],
    ['GET /\n###\n# @plant\n', 3, 'directives without a request'],
    ['', 1, 'there is no request to try across'],
  ])('refuses %j and says where', (text, line, why) => {
    expect(() => parse(text)).toThrow(`probe.http:${line}: `);
    expect(() => parse(text)).toThrow(why);
  });
});
