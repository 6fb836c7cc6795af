/** Determines where a response ends, and whether another may follow on its connection (RFC 9112 §6). Pure. */

/** Why bytes are not a response. */
export class BadResponse extends Error {}

export interface ResponseFraming {
  readonly chunked: boolean;
  readonly length: number | null;
  readonly keepAlive: boolean;
}

/** @throws {BadResponse} when the framing is ambiguous */
export function framingOf(headers: readonly string[], is11: boolean): ResponseFraming {
  let length: number | null = null;
  let chunked = false;
  let keepAlive = is11;
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1] ?? '';
    switch (framingName(headers[index] ?? '')) {
      case 'content-length':
        if (length !== null || !/^\d{1,15}$/.test(value)) throw new BadResponse('it has no clear length');
        length = Number(value);
        break;
      case 'transfer-encoding':
        if (chunked || !is11 || value.toLowerCase() !== 'chunked')
          throw new BadResponse('it has an unknown transfer coding');
        chunked = true;
        break;
      case 'connection':
        keepAlive = keeps(value.toLowerCase(), keepAlive);
    }
  }
  if (chunked && length !== null) throw new BadResponse('it has both a length and a transfer coding');
  return { chunked, length, keepAlive };
}

/** Returns the three names that frame a message in lower case, others unchanged. */
function framingName(name: string): string {
  return name.length === 14 || name.length === 17 || name.length === 10 ? name.toLowerCase() : name;
}

function keeps(connection: string, before: boolean): boolean {
  if (connection.includes('close')) return false;
  return before || connection.includes('keep-alive');
}
