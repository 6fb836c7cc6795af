/**
 * Directories in which copies are made, beside those of the tenants: a complete one becomes a tenant's by one rename. Their
 * parent can be passed through but not listed, and each is open to its tenant's user alone.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrivateDir, type Owner } from './directories.ts';
import { trashesOf } from './purge.ts';
import type { Trash } from './trash.ts';

/** Others may pass through, and not list it. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;

export interface StagingOptions {
  readonly settings: { readonly dataDir: string; readonly stateDir: string };
  readonly trash: Pick<Trash, 'discard'>;
}

export class Staging {
  private readonly options: StagingOptions;

  constructor(options: StagingOptions) {
    this.options = options;
  }

  /** Makes an empty directory. @throws {Error} of a system call */
  make(tenantId: string, owner: Owner | null): string {
    ensurePrivateDir(this.place, PASSABLE);
    const path = join(this.place, `${tenantId}.${randomBytes(6).toString('hex')}`);
    mkdirSync(path, { mode: PRIVATE });
    // The umask may have taken more than others' rights.
    chmodSync(path, PRIVATE);
    if (owner !== null) chownSync(path, owner.uid, owner.gid);
    return path;
  }

  /** Deletes a directory in the background. Does nothing when it is gone. */
  discard(path: string): void {
    const { settings, trash } = this.options;
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
    // Not the trash in the state directory, which may be another file system.
    trash.discard(path, trashesOf(settings)[1]);
  }

  /** Deletes all that an earlier server left. Returns the tenants' ids. */
  sweep(): string[] {
    const names = listed(this.place);
    for (const name of names) this.discard(join(this.place, name));
    return names.map((name) => name.split('.')[0] ?? name);
  }

  private get place(): string {
    return join(this.options.settings.dataDir, '.tenement-copies');
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
