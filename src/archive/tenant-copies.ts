/** Copies of tenants' directories. Each is read or made by a program that runs as the tenant's user. */
import { closeSync, lstatSync, renameSync, writeFile } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type {
  Capture,
  CaptureOptions,
  ClientFile,
  Clone,
  CopiedTenant,
  CopySource,
  FileCapture,
  MadeDirectory,
  MakeOptions,
  StillCopy,
  TenantCopies,
} from '../core/archive/copies.ts';
import { TenementError } from '../errors.ts';
import type { Copying } from '../process/processes.ts';
import { ensureTenantDir, type Owner } from '../process/storage/directories.ts';
import { syncToDisk } from '../process/storage/new-directory.ts';
import { takeOwnership } from '../process/storage/ownership.ts';
import { Staging } from '../process/storage/staging.ts';
import { openClientFile } from './client-file.ts';
import { CopyProcess } from './copy-process.ts';
import { captureProgram, makeProgram } from './programs.ts';
import { copyStill } from './still-copy.ts';

/** Writes all of it, which one write(2) need not. */
const writeWhole = promisify<number, Uint8Array, void>(writeFile);

export class ProcessCopies implements TenantCopies {
  private readonly options: Copying;
  private readonly staging: Staging;

  constructor(options: Copying) {
    this.options = options;
    this.staging = new Staging(options);
  }

  async capture(source: CopySource, options: CaptureOptions): Promise<Capture> {
    const reader = await this.reader(source, options);
    const report = reader.done;
    // Node throws away what a process has written that nobody reads when it ends.
    const stream = reader.stdout.pipe(new PassThrough());
    try {
      return { totals: await reader.totals, stream, report };
    } catch (error) {
      await report.catch(() => {});
      throw error;
    }
  }

  async captureInto(file: ClientFile, source: CopySource, options: CaptureOptions): Promise<FileCapture> {
    const output = openClientFile(file);
    const reader = await this.reader(source, options, output).catch((error: unknown) => {
      closeSync(output);
      throw error;
    });
    const report = reader.done.finally(() => closeSync(output));
    report.catch(() => {});
    const totals = await reader.totals;
    const begin = async (head: Uint8Array) => {
      await writeWhole(output, head);
      reader.stdin.end();
    };
    return { totals, report, begin };
  }

  async still(source: CopySource, signal: AbortSignal): Promise<StillCopy> {
    const owner = this.ownerOf(source);
    const dir = await this.readableDir(source, owner);
    const path = this.staging.make(source.tenantId, owner);
    try {
      const leftOut = await copyStill({ ...about(source, owner), from: dir, to: path, run: this.options.run, signal });
      return { path, leftOut };
    } catch (error) {
      this.staging.discard(path);
      throw error;
    }
  }

  async make(tenant: CopiedTenant, stream: AsyncIterable<Uint8Array>, options: MakeOptions): Promise<MadeDirectory> {
    return this.made(tenant, async (path, owner) => {
      const maker = this.maker(tenant, { path, owner, stdin: 'pipe' }, options);
      // A refusal says more than the broken pipe that it causes.
      const fed = pipeline(Readable.from(stream, { objectMode: false }), maker.stdin, { signal: options.signal });
      const [read] = await Promise.allSettled([fed, maker.done]);
      await maker.done;
      if (read.status === 'rejected') throw read.reason;
    });
  }

  async clone(source: CopySource, tenant: CopiedTenant, options: MakeOptions): Promise<Clone> {
    const reader = await this.reader(source, {
      ...options,
      withoutLinksOut: false,
      compressed: false,
      onProgress() {},
    });
    try {
      const made = await this.made(tenant, async (path, owner) => {
        const maker = this.maker(tenant, { path, owner, stdin: reader.stdout }, options);
        // The other program has it now; with this end open, nobody would notice that it left.
        reader.stdout.destroy();
        await Promise.all([reader.done, maker.done]).finally(() => maker.kill());
      });
      return { made, report: await reader.done };
    } finally {
      reader.kill();
      await reader.done.catch(() => {});
    }
  }

  async place({ path }: MadeDirectory, tenantId: string): Promise<void> {
    await syncToDisk(path);
    const to = join(this.options.settings.dataDir, tenantId);
    // Nobody else makes directories here, and nothing comes between these two steps.
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw new TenementError('already_exists', `there is a directory of ${tenantId}, ${to}`);
    renameSync(path, to);
  }

  discard({ path }: MadeDirectory, tenantId?: string): void {
    this.staging.discard(path);
    if (tenantId !== undefined) this.options.users.forget(tenantId);
  }

  /** Runs `fill` with an empty directory of the tenant's, which is deleted when that fails. */
  private async made(
    tenant: CopiedTenant,
    fill: (path: string, owner: Owner | null) => Promise<void>,
  ): Promise<MadeDirectory> {
    const owner = this.ownerOf(tenant);
    const path = this.staging.make(tenant.tenantId, owner);
    try {
      await fill(path, owner);
      return { path };
    } catch (error) {
      this.staging.discard(path);
      throw error;
    }
  }

  /** @param output the descriptor of an open file; default: a pipe */
  private async reader(source: CopySource, options: CaptureOptions, output?: number): Promise<CopyProcess> {
    const owner = this.ownerOf(source);
    const dir = await this.readableDir(source, owner);
    const databasesDir = this.staging.make(source.tenantId, owner);
    const { withoutLinksOut, compressed } = options;
    try {
      const { words, readable } = captureProgram(
        { dir, databasesDir, withoutLinksOut, compressed, intoFile: output !== undefined },
        owner,
      );
      const request = {
        ...about(source, owner),
        words,
        readable,
        writable: [dir, databasesDir],
        ...(output === undefined ? { stdin: 'ignore' as const } : { stdin: 'pipe' as const, stdout: output }),
      } as const;
      const process = new CopyProcess(request, {
        ...options,
        run: this.options.run,
        code: 'export_failed',
        what: `the directory of ${source.tenantId} could not be read`,
      });
      void process.done.catch(() => {}).then(() => this.staging.discard(databasesDir));
      return process;
    } catch (error) {
      this.staging.discard(databasesDir);
      throw error;
    }
  }

  private maker(
    tenant: CopiedTenant,
    { path, owner, stdin }: { path: string; owner: Owner | null; stdin: 'pipe' | Readable },
    options: MakeOptions,
  ): CopyProcess {
    const { maxBytes, isArchive } = options;
    const { words, readable } = makeProgram({ dir: path, maxBytes, isArchive }, owner);
    return new CopyProcess(
      { ...about(tenant, owner), words, readable, writable: [path], stdin },
      {
        ...options,
        run: this.options.run,
        code: 'import_failed',
        what: `the directory of ${tenant.tenantId} could not be made`,
      },
    );
  }

  /** Returns the directory to read. That of a tenant which never ran may be missing, or be given to its user first. */
  private async readableDir({ tenantId, copy }: CopySource, owner: Owner | null): Promise<string> {
    if (copy !== undefined) return copy.path;
    const dir = join(this.options.settings.dataDir, tenantId);
    await takeOwnership(dir, owner, this.options.settings);
    ensureTenantDir(dir, owner);
    return dir;
  }

  private ownerOf({ tenantId, service }: CopiedTenant): Owner | null {
    const { users, settings } = this.options;
    return service.user === 'dynamic' ? users.ownerFor(tenantId, settings.dynamicUids) : null;
  }
}

function about({ tenantId, service: { isolation } }: CopiedTenant, owner: Owner | null) {
  return { tenantId, isolation, owner };
}
