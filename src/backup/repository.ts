/** The repository of a server's backups: one backup of a tenant is one snapshot of restic with one file, a tar stream. */
import { setTimeout as pause } from 'node:timers/promises';
import { type BackupConfig, type KeepPolicy, shownRepository } from '../core/backup/backup-config.ts';
import { TenementError } from '../errors.ts';
import { Restic, type ResticOptions } from './restic.ts';
import { isStale, RepositoryLocked, RepositoryMissing } from './restic-failure.ts';

/** A backup of a tenant, as the repository has it. */
export interface Snapshot {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly tenantId: string;
  /** Name of the server that made it. */
  readonly server: string;
  /** Ms since the epoch. */
  readonly atMs: number;
}

export interface Saved {
  /** The beginning of its id, at least. */
  readonly id: string;
  /** Bytes that it has, and those of them that the repository did not have yet. */
  readonly bytes: number;
  readonly addedBytes: number;
}

export interface OpenedRepository {
  readonly id: string;
  /** Whether it was made now. */
  readonly isNew: boolean;
}

export interface RepositoryOptions extends ResticOptions {
  /** How long to wait for another restic that is at work, in all and between two tries. */
  readonly lockPatience?: { readonly forMs: number; readonly againMs: number };
}

/** Nothing without this tag is tenement's. */
const TAG = 'tenement';
const OF_TENANT = 'tenant:';
const PATIENCE = { forMs: 10 * 60_000, againMs: 3000 };

export class Repository {
  private readonly restic: Restic;
  private readonly config: BackupConfig;
  private readonly options: RepositoryOptions;

  constructor(options: RepositoryOptions) {
    this.options = options;
    this.config = options.config;
    this.restic = new Restic(options);
  }

  /**
   * Finds the repository. Returns null when there is none.
   * @param asked.isKnown whether it was there before. Then a missing one is an error: its disk may be unmounted
   * @param asked.makes whether it is made when it was never there
   * @throws {TenementError} `repository_failed`
   */
  async open(
    { isKnown, makes }: { readonly isKnown: boolean; readonly makes: boolean },
    signal: AbortSignal,
  ): Promise<OpenedRepository | null> {
    const found = await this.find(signal);
    if (found !== null) return { id: found, isNew: false };
    if (isKnown) throw new RepositoryMissing(shownRepository(this.config.repository));
    if (!makes) return null;
    await this.restic.read({ args: ['init'], signal });
    const made = await this.find(signal);
    if (made === null) throw new RepositoryMissing(shownRepository(this.config.repository));
    return { id: made, isNew: true };
  }

  /** Keeps a stream as a backup. @param complete as `Restic.write` @throws as `Restic.write` */
  async save(
    tenantId: string,
    {
      stream,
      complete,
      signal,
    }: { stream: AsyncIterable<Uint8Array>; complete: () => Promise<void>; signal: AbortSignal },
  ): Promise<Saved> {
    const about = ['--host', this.config.name, '--tag', `${TAG},${OF_TENANT}${tenantId}`];
    const args = ['backup', '--json', '--stdin', '--stdin-filename', fileOf(tenantId), ...about];
    return savedOf(await this.restic.write({ args, signal }, stream, complete));
  }

  /** Lists backups, oldest first, those of other servers too. @param tenantId default: of all tenants */
  async list(signal: AbortSignal, tenantId?: string): Promise<Snapshot[]> {
    const tags = tenantId === undefined ? TAG : `${TAG},${OF_TENANT}${tenantId}`;
    const args = ['snapshots', '--json', '--no-lock', '--tag', tags];
    const parsed: unknown = JSON.parse((await this.restic.read({ args, signal })) || 'null');
    const listed = (Array.isArray(parsed) ? parsed : []).flatMap(snapshotOf);
    return listed.sort((a, b) => a.atMs - b.atMs);
  }

  /** Returns the stream that was saved, when its first bytes are here. @throws {TenementError} `repository_failed` */
  async load(
    { id, tenantId }: Pick<Snapshot, 'id' | 'tenantId'>,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const stream = this.restic.stream({ args: ['dump', id, `/${fileOf(tenantId)}`], signal });
    return following(await stream.next(), stream);
  }

  /** Deletes what `keep` does not keep of this server's backups, for each tenant by itself. */
  async forget(keep: KeepPolicy, signal: AbortSignal): Promise<void> {
    const numbers = Object.entries(keep).flatMap(([what, count]) => [`--keep-${what}`, String(count)]);
    const ours = ['--host', this.config.name, '--tag', TAG, '--group-by', 'host,tags'];
    await this.restic.read({ args: ['forget', '--json', ...ours, ...numbers, '--prune'], signal });
  }

  /**
   * Runs `work`, which uses the repository, again while another restic is at work on it. A lock that a killed restic of
   * this machine left is removed.
   */
  async patiently<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    const { forMs, againMs } = this.options.lockPatience ?? PATIENCE;
    const until = performance.now() + forMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RepositoryLocked) || performance.now() > until) throw error;
        // Removes stale locks only: those of processes that have ended, and those that nobody has renewed for half an hour.
        if (isStale(error.owner)) await this.restic.read({ args: ['unlock'], signal });
        else await pause(againMs, undefined, { signal });
      }
    }
  }

  /** Returns its id, or null when there is none. */
  private async find(signal: AbortSignal): Promise<string | null> {
    try {
      const text = await this.restic.read({ args: ['cat', 'config', '--no-lock'], signal });
      const { id } = JSON.parse(text) as { readonly id?: unknown };
      return String(id);
    } catch (error) {
      if (error instanceof RepositoryMissing) return null;
      throw error;
    }
  }
}

async function* following<Chunk>(first: IteratorResult<Chunk>, stream: AsyncGenerator<Chunk>): AsyncGenerator<Chunk> {
  try {
    if (first.done !== true) yield first.value;
    yield* stream;
  } finally {
    await stream.return(undefined);
  }
}

function fileOf(tenantId: string): string {
  return `${tenantId}.tar`;
}

function snapshotOf(value: unknown): Snapshot[] {
  const { id, time, hostname, tags } = value as Record<string, unknown>;
  const tag = Array.isArray(tags) ? tags.find((one) => String(one).startsWith(OF_TENANT)) : undefined;
  if (tag === undefined) return [];
  return [
    {
      id: String(id),
      tenantId: String(tag).slice(OF_TENANT.length),
      server: String(hostname),
      atMs: Date.parse(String(time)),
    },
  ];
}

function savedOf(output: string): Saved {
  for (const line of output.split('\n').reverse()) {
    if (!line.includes('"message_type":"summary"')) continue;
    const { snapshot_id, total_bytes_processed, data_added } = JSON.parse(line) as Record<string, unknown>;
    return { id: String(snapshot_id), bytes: Number(total_bytes_processed), addedBytes: Number(data_added) };
  }
  throw new TenementError('repository_failed', 'restic has not said which backup it made');
}
