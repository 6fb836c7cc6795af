/**
 * Appends to one instance's log and rotates it. Synchronous: output that was read is in the file (in the page cache)
 * before anything else happens, so that no line is lost when this process is killed.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../logger.ts';
import { withReserve } from '../proc/reserve.ts';
import { rotatedPath } from './log-files.ts';

export interface LogWriterOptions {
  readonly path: string;
  /** Limit for the file and its predecessor together. */
  readonly maxBytes: number;
  readonly instance: string;
  readonly logger: Logger;
}

export class LogWriter {
  private readonly options: LogWriterOptions;
  private fd: number | null = null;
  private size = 0;
  private lostBytes = 0;

  constructor(options: LogWriterOptions) {
    this.options = options;
  }

  /**
   * Never throws. Text that a full disk rejects is dropped and counted; a log line marks the start and the end of the
   * loss.
   */
  append(text: string): void {
    try {
      if (this.size >= this.options.maxBytes / 2) this.rotate();
      this.fd ??= this.open();
      this.write(this.fd, Buffer.from(text));
      this.reportRecovery();
    } catch (error) {
      this.reportLoss(Buffer.byteLength(text), error);
    }
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }

  private write(fd: number, bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const written = writeSync(fd, bytes, from);
      from += written;
      this.size += written;
    }
  }

  private open(): number {
    const { path } = this.options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const fd = withReserve(() => openSync(path, 'a', 0o600));
    this.size = fstatSync(fd).size;
    return fd;
  }

  private rotate(): void {
    this.close();
    renameSync(this.options.path, rotatedPath(this.options.path));
    this.size = 0;
  }

  private reportLoss(bytes: number, error: unknown): void {
    const { instance, logger } = this.options;
    if (this.lostBytes === 0) logger.warn({ instance, err: error }, 'log cannot be written');
    this.lostBytes += bytes;
    this.close();
    this.size = 0;
  }

  private reportRecovery(): void {
    const { instance, logger } = this.options;
    if (this.lostBytes > 0) logger.warn({ instance, lostBytes: this.lostBytes }, 'log can be written again');
    this.lostBytes = 0;
  }
}
