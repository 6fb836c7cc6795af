import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from '../../../src/dashboard/model/text.ts';

describe('visibleText', () => {
  it('leaves plain text and tabs as they are', () => {
    expect(visibleText('GET /a\t200 – fine, größer, 好')).toBe('GET /a\t200 – fine, größer, 好');
  });

  it('shows control characters as cat -v does', () => {
    expect(visibleText('\u001b[31mred\u0007\r\n\u0000\u007f')).toBe('^[[31mred^G^M^J^@^?');
  });

  it('shows characters that C1 terminals obey, by their code', () => {
    expect(visibleText('\u009b2J')).toBe('<U+009B>2J');
  });

  it('shows characters that turn the direction or have no width', () => {
    expect(visibleText('a\u202eb\u200bc\u2066d\ufeff')).toBe('a<U+202E>b<U+200B>c<U+2066>d<U+FEFF>');
  });

  it('keeps marks from growing over the lines above', () => {
    expect(visibleText(`a${'\u0301'.repeat(50)}b`)).toBe(`a${'\u0301'.repeat(4)}b`);
  });

  it('cuts a long text and says by how much', () => {
    expect(visibleText('x'.repeat(10), 4)).toBe('xxxx… (6 more characters)');
  });

  it('leaves no character that cannot be seen, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
        (text) => {
          expect(visibleText(text, 10_000)).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\t)\p{Cc}/u);
        },
      ),
    );
  });
});
