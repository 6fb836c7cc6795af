/** What a peer is to the bench: other programs that run one application for many tenants, and tenement itself. */

export const TENANTS = 20;

export type AppName = 'notes' | 'flask';

/** Where the tenant `t0` answers. */
export interface Target {
  readonly port: number;
  readonly host: string;
  /** Before the application's own paths; without a slash at its end. */
  readonly prefix: string;
}

export interface Installation {
  readonly version: string;
  /** What has to be done before the peer can run; empty where nothing is missing. */
  readonly missing: readonly string[];
}

/** Where a peer is started. */
export interface Site {
  /** Its own; every process of the peer carries this path in its environment, its arguments or those of an ancestor. */
  readonly dir: string;
  readonly tenants: number;
  /** Directories of the example applications. */
  readonly apps: Readonly<Record<AppName, string>>;
}

export interface Peer {
  readonly name: string;
  readonly app: AppName;
  readonly front: string;
  installation(): Installation;
  /** @returns once the peer takes requests, with every tenant asleep */
  start(site: Site): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly target: Target;
  /** A text in the environment or arguments of each process of `t0`, and of no other. */
  readonly tenantMark: string;
  /** Settles once `t0` has no process and the peer is ready for its next request. */
  sleep(): Promise<void>;
  /** Starts `t0` anew, without a memory of crashes, where it does not run. */
  revive(): Promise<void>;
  /** What a sleeping `t0` needs before a request is answered: nothing, a call of the peer's own, or it has no such thing. */
  readonly wake: 'request' | 'cannot' | (() => Promise<unknown>);
  /** By the peer's own means; null where it has none. */
  readonly restart: (() => Promise<void>) | null;
}
