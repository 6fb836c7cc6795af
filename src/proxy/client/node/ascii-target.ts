/**
 * Encodes request lines in ASCII, incrementally. Pure. Some clients send a target in UTF-8 (`curl 'http://…/?q=ü'`). A
 * URL has no such bytes (RFC 3986 §2), node:http refuses them, and some servers split a line at them (0x85 and 0xa0 are
 * blanks in Latin-1). So each byte is percent-encoded, as in browsers.
 */

const LF = 10;
const CR = 13;

export class AsciiTarget {
  /** `before`: only empty lines have arrived. */
  private state: 'before' | 'line' | 'behind' = 'before';

  /** Announces that the next bytes begin a request. */
  begin(): void {
    this.state = 'before';
  }

  /** Returns `bytes` with the non-ASCII bytes of the request line encoded. */
  encode(bytes: Buffer): Buffer {
    if (this.state === 'behind') return bytes;
    const end = this.endOfLine(bytes);
    const line = bytes.subarray(0, end);
    if (!line.some(isBeyondAscii)) return bytes;
    const encoded = line.toString('latin1').replace(/[\x80-\xff]/g, percentEncoded);
    return Buffer.concat([Buffer.from(encoded, 'latin1'), bytes.subarray(end)]);
  }

  private endOfLine(bytes: Buffer): number {
    let at = 0;
    if (this.state === 'before') {
      while (at < bytes.length && (bytes[at] === CR || bytes[at] === LF)) at += 1;
      if (at === bytes.length) return at;
      this.state = 'line';
    }
    const end = bytes.indexOf(LF, at);
    if (end === -1) return bytes.length;
    this.state = 'behind';
    return end;
  }
}

function isBeyondAscii(byte: number): boolean {
  return byte > 0x7f;
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
