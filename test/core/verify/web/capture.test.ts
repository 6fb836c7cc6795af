/** Values that a probe takes from answers. */
import { describe, expect, it } from 'vitest';
import { captured, cookiesOf, parseCapture, type WebAnswer } from '../../../../src/core/verify/web/capture.ts';

const answer = (body: string, headers: WebAnswer['headers'] = []): WebAnswer => ({ status: 200, headers, body });
const take = (text: string, from: WebAnswer) => captured(parseCapture('id', `x = ${text}`, Error), from);

describe('captured', () => {
  it.each([
    ['json id', '{"id": 7}', '7'],
    ['json $.notes.1.id', '{"notes": [{}, {"id": "n2"}]}', 'n2'],
    ['json notes', '{"notes": [1]}', null],
    ['json __proto__', '{}', null],
    ['json a.b', '{"a": null}', null],
    ['json a', 'no JSON', null],
    ['after "name=\\"csrf\\" value=\\""', '', null],
    ['after csrf=', '<a href="/?csrf=abc&x=1">', 'abc'],
    [`after 'value="'`, '<input value="t0k3n">', 't0k3n'],
    ['after value=', 'value="', null],
  ])('takes %s from %s', (text, body, expected) => {
    expect(take(text, answer(body))).toBe(expected);
  });

  it('takes headers and cookies by name', () => {
    const from = answer('', [
      ['location', '/notes/9'],
      ['set-cookie', 'sid=a=b; Path=/; HttpOnly'],
    ]);
    expect(take('header Location', from)).toBe('/notes/9');
    expect(take('cookie sid', from)).toBe('a=b');
    expect(take('cookie other', from)).toBeNull();
  });

  it('tells which cookies an answer sets and removes', () => {
    const headers = ['a=1', 'b=; Max-Age=0', 'nonsense', 'c=3; max-age=60'].map(
      (text) => ['set-cookie', text] as const,
    );
    expect(cookiesOf(answer('', headers))).toEqual([
      ['a', '1'],
      ['b', null],
      ['nonsens', null],
      ['c', '3'],
    ]);
  });
});
