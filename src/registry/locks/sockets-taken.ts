/** The refusal of a directory of sockets that another server uses, or in which one left tenants. */
import { TenementError } from '../../errors.ts';

/** The content of a claim's record. */
export interface SocketOwner {
  readonly pid: number;
  readonly config: string;
  readonly dataDir: string;
  /** Path without symbolic links. */
  readonly stateDir: string;
}

/** A claim of another server that has ended. */
export interface AbandonedClaim {
  readonly dir: string;
  readonly owner: SocketOwner;
}

/** `sockets_taken`: another server has the directory, or left tenants that listen there. */
export class SocketsTaken extends TenementError {
  readonly dir: string;
  /** Whether the holder of the lock has not recorded itself yet, and may still release it. */
  readonly isUndecided: boolean;

  /** @param whose the message after the directory's name */
  constructor(
    dir: string,
    whose: string,
    { hint, isUndecided = false }: { hint?: string; isUndecided?: boolean } = {},
  ) {
    super('sockets_taken', `${dir} ${whose}`, hint === undefined ? {} : { hint });
    this.dir = dir;
    this.isUndecided = isUndecided;
  }
}

export function takenBy(dir: string, owner: SocketOwner | null, { isUndecided = false } = {}): SocketsTaken {
  const who = owner === null ? 'another tenement' : `tenement with pid ${owner.pid}, ${configured(owner)}`;
  return new SocketsTaken(dir, `has the sockets of ${who}`, { isUndecided });
}

/** @param pids tenants that are known to run */
export function leftBy({ dir, owner }: AbandonedClaim, pids: readonly number[]): SocketsTaken {
  const some = pids.length === 0 ? '' : ` (pid ${pids.slice(0, 5).join(', ')})`;
  const whose = `has the sockets of tenants that a server left running${some}, ${configured(owner)}`;
  const hint =
    'Start that server again, or end its tenants and then restart this one; or set another `runtime_dir` or `socket`.';
  return new SocketsTaken(dir, whose, { hint });
}

function configured({ config, dataDir }: SocketOwner): string {
  return `config ${config}, data in ${dataDir}`;
}
