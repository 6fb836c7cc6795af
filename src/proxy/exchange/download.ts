/** A response's body on its way to the client, no faster than the client accepts it. */
import type { ClientResponse, ResponseChannel } from '../client/client.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';

/** A body up to this size is written with its head as one string, the fastest way through Node. */
const ONE_WRITE_BYTES = 16 * 1024;
/**
 * Smaller parts of one read are joined: a tenant could send chunks of one byte, and each waiting write takes a hundred
 * times that in memory.
 */
const SMALL_PART_BYTES = 4 * 1024;

/** The memory that bytes were read into. */
type Source = Pick<UpstreamConnection, 'ownsBuffer' | 'keepBuffer'>;

export interface DownloadHooks {
  /** The client has not accepted what was written: no more should be read. */
  onFull(): void;
}

export class Download {
  private readonly response: ClientResponse;
  private readonly hooks: DownloadHooks;
  /** The last part, which can still be written together with the end. */
  private unwritten: Buffer | null = null;
  /** Small parts before `unwritten`, which is then small, too. */
  private small: Buffer[] | null = null;
  /** Whether the part taken out last was joined, and so has its own memory. */
  private isApart = false;
  /** Whether bytes of this read were written from memory that will be read into again. */
  private lent = false;
  /** Set while the result of one read is being passed on. */
  private corked: ResponseChannel | null = null;
  private isFull = false;

  constructor(response: ClientResponse, hooks: DownloadHooks) {
    this.response = response;
    this.hooks = hooks;
  }

  /** Takes a part of the body. `bytes` may be overwritten after `told` returns. */
  take(bytes: Buffer, source: Source): void {
    const { unwritten } = this;
    if (unwritten === null || !isSmall(unwritten) || !isSmall(bytes)) this.writeOut(source);
    else if (this.small === null) this.small = [unwritten];
    else this.small.push(unwritten);
    this.unwritten = bytes;
  }

  /** Writes everything out, because the next read overwrites it. */
  told(source: Source): void {
    if (this.unwritten !== null) this.writeOut(source);
    else if (!this.lent && this.response.headersSent) this.response.flushHeaders();
    if (this.lent) this.flush(source);
  }

  /** Ends the body. Bytes in shared memory are copied, unless they are written before the next read. */
  end(source: Source): void {
    const { response } = this;
    const bytes = this.takeUnwritten();
    if (bytes === null) response.end();
    else if (bytes.length <= ONE_WRITE_BYTES) response.end(bytes.toString('latin1'), 'latin1');
    else response.end(this.isApart || source.ownsBuffer ? bytes : Buffer.from(bytes));
    this.uncork();
  }

  /** The client has accepted everything. Returns whether that was waited for. */
  drained(): boolean {
    const was = this.isFull;
    this.isFull = false;
    return was;
  }

  private writeOut(source: Source): void {
    const bytes = this.takeUnwritten();
    if (bytes === null) return;
    if (source.ownsBuffer) this.lend(bytes);
    else if (!this.response.write(this.isApart ? bytes : Buffer.from(bytes))) this.full();
  }

  private takeUnwritten(): Buffer | null {
    const { unwritten, small } = this;
    this.unwritten = null;
    this.isApart = small !== null;
    if (unwritten === null || small === null) return unwritten;
    this.small = null;
    return Buffer.concat([...small, unwritten]);
  }

  /** Writes bytes from the connection's own memory without a copy, those of one read at once. */
  private lend(bytes: Buffer): void {
    const { response } = this;
    if (!this.lent && response.socket !== null) {
      this.corked = response.socket;
      this.corked.cork();
    }
    this.lent = true;
    response.write(bytes);
  }

  /** Usually the system takes everything, and the memory is free again. */
  private flush(source: Source): void {
    const { response } = this;
    this.uncork();
    if (response.writableLength === 0) return;
    source.keepBuffer();
    if (response.writableNeedDrain) this.full();
  }

  private uncork(): void {
    this.lent = false;
    this.corked?.uncork();
    this.corked = null;
  }

  private full(): void {
    this.isFull = true;
    this.hooks.onFull();
  }
}

function isSmall(part: Buffer): boolean {
  return part.length < SMALL_PART_BYTES;
}
