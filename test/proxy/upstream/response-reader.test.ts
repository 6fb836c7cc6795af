import { request } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadResponse } from '../../../src/proxy/upstream/response-framing.ts';
import { type ResponseHead, ResponseReader } from '../../../src/proxy/upstream/response-reader.ts';

interface Read {
  readonly heads: { status: number; reason: string; headers: string[] }[];
  readonly body: string;
  readonly trailers: string[] | null;
  readonly reusable: boolean;
  readonly error: string | null;
}

/** Reads pieces, and the end of the connection after them. */
function read(pieces: readonly Buffer[], { isHead = false, closes = true } = {}): Read {
  const heads: Read['heads'] = [];
  let body = '';
  let trailers: string[] | null = null;
  const reader = new ResponseReader({
    onHead: ({ status, reason, headers }) => void heads.push({ status, reason, headers: [...headers] }),
    onBody: (bytes) => {
      body += bytes.toString('latin1');
    },
    onEnd: (those) => {
      trailers = those;
    },
  });
  reader.begin(isHead);
  let error: string | null = null;
  try {
    for (const piece of pieces) reader.push(piece);
    if (closes) reader.eof();
  } catch (thrown) {
    if (!(thrown instanceof BadResponse)) throw thrown;
    error = thrown.message;
  }
  return { heads, body, trailers, reusable: reader.isReusable, error };
}

const whole = (text: string, options = {}) => read([Buffer.from(text, 'latin1')], options);

const RESPONSES: Record<string, string> = {
  'with a length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello',
  'with nothing in it': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
  'chunked with extensions': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n',
  'chunked with trailers':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n',
  'until the connection ends': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it',
  'of HTTP/1.0': 'HTTP/1.0 200 OK\r\n\r\nold',
  'of HTTP/1.0 that stays': 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold',
  'without content': 'HTTP/1.1 204 No Content\r\n\r\n',
  'not modified': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
  'after early hints': 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'after 100 and 102':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
  'without a reason': 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n',
  'with blanks and bytes beyond ASCII':
    'HTTP/1.1 200 Gr\xfc\xdfe\r\nX-A: \t caf\xe9 \t\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n',
};

describe('a response', () => {
  for (const [what, text] of Object.entries(RESPONSES)) {
    const bytes = Buffer.from(text, 'latin1');

    it(`${what} is read the same wherever it is cut`, () => {
      const expected = whole(text);
      expect(expected.error).toBeNull();
      expect(expected.trailers).not.toBeNull();
      expect(read(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1)))).toEqual(expected);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        expect(read([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
      }
    });

    it(`${what} is read as Node's own client reads it`, async () => {
      const { heads, body, trailers } = whole(text);
      const last = heads.at(-1);
      expect(await asNodeReads(bytes)).toEqual({
        status: last?.status,
        reason: last?.reason,
        headers: last?.headers,
        body,
        trailers,
      });
    });
  }

  it('gives its parts', () => {
    expect(whole(RESPONSES['chunked with trailers'] ?? '')).toEqual({
      heads: [{ status: 200, reason: 'OK', headers: ['Transfer-Encoding', 'chunked'] }],
      body: 'abc',
      trailers: ['X-T', '1', 'X-U', '2'],
      reusable: true,
      error: null,
    });
  });

  it('to HEAD has no body, whatever its length', () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
    expect(whole(head, { isHead: true, closes: false })).toMatchObject({ body: '', trailers: [], reusable: true });
  });

  it.each([
    ['with a length', true],
    ['chunked', true],
    ['until the connection ends', false],
    ['of HTTP/1.0', false],
    ['of HTTP/1.0 that stays', true],
    ['without content', true],
  ])('%s leaves the connection reusable: %s', (what, reusable) => {
    expect(whole(RESPONSES[what] ?? '').reusable).toBe(reusable);
  });

  it('with Connection: close, or with bytes behind it, is the last on its connection', () => {
    const text = 'HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok';
    expect(whole(text, { closes: false }).reusable).toBe(false);
    expect(whole(`${RESPONSES['with a length']}HTTP/1.1 200 OK\r\n`, { closes: false }).reusable).toBe(false);
  });
});

describe('a head that comes again', () => {
  function heads(...texts: string[]): ResponseHead[] {
    const seen: ResponseHead[] = [];
    const reader = new ResponseReader({ onHead: (head) => seen.push(head), onBody: () => {}, onEnd: () => {} });
    for (const text of texts) {
      reader.begin(false);
      reader.push(Buffer.from(text, 'latin1'));
    }
    return seen;
  }
  const ok = (lines: string, body = 'ab') => `HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\n${body}`;

  it('is the same object, and marked as repeated', () => {
    const [first, second] = heads(ok('X-A: b\r\n'), ok('X-A: b\r\n', 'cd'));
    expect(second).toBe(first);
    expect(second?.isRepeated).toBe(true);
  });

  it('with one byte changed is another object', () => {
    const [first, second] = heads(ok('X-A: b\r\n'), ok('X-A: c\r\n'));
    expect(second).toEqual({ ...first, headers: ['X-A', 'c', 'Content-Length', '2'] });
    expect(second?.isRepeated).toBe(false);
  });

  it('frames its body and its connection as the first time', () => {
    for (const [what, text] of Object.entries(RESPONSES)) {
      const twice = [text, text].map((one) => Buffer.from(one, 'latin1'));
      const reads: string[] = [];
      let body = '';
      const onBody = (bytes: Buffer) => (body += bytes.toString('latin1'));
      const reader = new ResponseReader({ onHead: () => {}, onBody, onEnd: () => {} });
      for (const bytes of twice) {
        reader.begin(false);
        reader.push(bytes);
        reads.push(`${body} ${reader.isDone} ${reader.isReusable}`);
        body = '';
      }
      expect(reads[1], what).toBe(reads[0]);
    }
  });
});

describe('is refused', () => {
  it.each([
    ['garbage', 'hello\r\n\r\n'],
    ['another version', 'HTTP/2 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of its own', 'HTTP/1.1 000 OK\r\n\r\n'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n'],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n'],
    ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: a\rb\r\nContent-Length: 0\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\r\nX-A: a\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
    ['a list of lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
    ['a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a coding twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
    ['a chunk with a huge size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n'],
    ['trailers that are none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nwhat\r\n\r\n'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['a body that breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'],
    ['a head that breaks off', 'HTTP/1.1 200 OK\r\nConte'],
    ['nothing at all', ''],
  ])('%s', (_what, text) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(whole(text).error).not.toBeNull();
    expect(read(Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))).error).not.toBeNull();
  });

  it('a head without an end, at 64 KiB', () => {
    const endless = Array.from({ length: 100 }, (_, index) =>
      Buffer.from(`${index === 0 ? 'HTTP/1.1 200 OK\r\n' : ''}X: ${'a'.repeat(1000)}\r\n`),
    );
    expect(read(endless, { closes: false })).toMatchObject({ error: 'its head is too long', heads: [] });
  });
});

describe('whatever a tenant says', () => {
  /** Input that tends to break parsers, in any order. */
  const piece = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.0 404 Not Found\r\n',
    'HTTP/1.1 204 No Content\r\n',
    'HTTP/1.1 103 Early Hints\r\n\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    'X-A: b\r\n',
    ' folded\r\n',
    '\r\n',
    '\n',
    'hello',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    '0\r\nX-T: 1\r\n\r\n',
    '3;ext\r\nabc\r\n',
  );
  const soup = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));

  it('the reader gives the same result wherever the bytes are cut', () => {
    fc.assert(
      fc.property(soup, fc.nat(), (text, seed) => {
        const bytes = Buffer.from(text, 'latin1');
        const cut = seed % (bytes.length + 1);
        const cutInTwo = read([bytes.subarray(0, cut), bytes.subarray(cut)]);
        const { error, ...rest } = whole(text);
        // Data before the error may have been passed on by then, and nothing else.
        if (error === null) expect(cutInTwo).toEqual({ error, ...rest });
        else expect(cutInTwo.error).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it("the reader accepts only what Node's own client reads the same", async () => {
    await fc.assert(
      fc.asyncProperty(soup, async (text) => {
        const mine = whole(text);
        if (mine.error !== null) return;
        const last = mine.heads.at(-1);
        expect(await asNodeReads(onlyTheFirst(Buffer.from(text, 'latin1')))).toEqual({
          status: last?.status,
          reason: last?.reason,
          headers: last?.headers,
          body: mine.body,
          trailers: mine.trailers,
        });
      }),
      { numRuns: 1000 },
    );
  });
});

/** The bytes without what follows the response, which Node's client takes for a second one. */
function onlyTheFirst(bytes: Buffer): Buffer {
  for (let end = 1; end < bytes.length; end += 1) {
    const part = bytes.subarray(0, end);
    if (read([part], { closes: false }).trailers !== null) return part;
  }
  return bytes;
}

/** The final response to a GET, as node:http reads these bytes and the end of the connection after them. */
function asNodeReads(bytes: Buffer): Promise<object> {
  return new Promise((resolve, reject) => {
    const connection = new Duplex({
      read: () => {},
      write: (_chunk, _encoding, done) => {
        connection.push(bytes);
        connection.push(null);
        done();
      },
    });
    const asked = request({ createConnection: () => connection, path: '/', headers: { host: 'x' } }, (response) => {
      let body = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          reason: response.statusMessage,
          headers: response.rawHeaders,
          body,
          trailers: response.rawTrailers,
        }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}
