/** A peer in the bench: another program that runs one application for many tenants, or tenement itself. */

export const TENANTS = 20;

export type AppName = 'notes' | 'flask';

/** The address at which the tenant `t0` answers. */
export interface Target {
  readonly port: number;
  readonly host: string;
  /** The prefix before the application's own paths, without a slash at its end. */
  readonly prefix: string;
}

export interface Installation {
  readonly version: string;
  /** What to install or set up before the peer can run; empty when nothing is missing. */
  readonly missing: readonly string[];
}

/** Where a peer starts. */
export interface Site {
  /** The peer's own directory. Each process of the peer, or an ancestor, has this path in environment or arguments. */
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
  /** Settles once the peer accepts requests, with every tenant asleep. */
  start(site: Site): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly target: Target;
  /** A text in the environment or arguments of each process of `t0`, and of no other. */
  readonly tenantMark: string;
  /** Settles once `t0` has no process and the peer is ready for its next request. */
  sleep(): Promise<void>;
  /** Starts `t0` again if it does not run, without a record of crashes. */
  revive(): Promise<void>;
  /** What a sleeping `t0` needs before it answers: nothing, a call of the peer's own, or sleep is unsupported. */
  readonly wake: 'request' | 'cannot' | (() => Promise<unknown>);
  /** Restarts by the peer's own means; null without one. */
  readonly restart: (() => Promise<void>) | null;
}
