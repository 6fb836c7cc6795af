/** Reads server-sent events (HTML standard, section 9.2) from pieces of text. Pure. */

export interface ServerSentEvent {
  /** The last id that was sent; null: none yet. */
  readonly id: string | null;
  readonly data: string;
}

/** An event may not be longer than this, in characters. */
const MAX_LENGTH = 16_000_000;

export class EventReader {
  private rest = '';
  private id: string | null = null;
  private data: string[] = [];
  /** Of the data, in characters. */
  private length = 0;

  /** Returns the events that this piece completes. @throws {RangeError} when an event is too long */
  push(piece: string): ServerSentEvent[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LENGTH) throw new RangeError('an event is too long');
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerSentEvent[] {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id' && !value.includes('\0')) this.id = value;
    if (field === 'data') this.add(value);
    return [];
  }

  private add(value: string): void {
    this.length += value.length + 1;
    if (this.length > MAX_LENGTH) throw new RangeError('an event is too long');
    this.data.push(value);
  }

  private dispatch(): ServerSentEvent[] {
    if (this.data.length === 0) return [];
    const event = { id: this.id, data: this.data.join('\n') };
    this.data = [];
    this.length = 0;
    return [event];
  }
}
