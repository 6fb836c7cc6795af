/** Instances as a host program sees them. */
import type { InstanceName, State } from '../core/lifecycle/instance.ts';
import { instanceName } from '../core/lifecycle/instance.ts';
import { hasStartFailed } from '../core/lifecycle/start-outcome.ts';
import type { DrainOptions, InstanceChanges, InstanceView, SpawnOptions } from '../core/verbs/verbs.ts';
import { TenementError } from '../errors.ts';

/** An instance, with the socket to connect to. */
export type Instance = InstanceView & {
  /** The public socket, which always accepts connections and wakes a sleeping instance; null with `listen = "port"`. */
  readonly socketPath: string | null;
};

/** Which instances to list. What is left out selects all. */
export interface InstanceFilter {
  /** Only instances of this service. */
  readonly service?: string | undefined;
  /** Only instances of this tenant. */
  readonly tenant?: string | undefined;
  /** Only instances in this state, or in one of these. */
  readonly state?: State | readonly State[] | undefined;
  /** At most this many. Default: all. */
  readonly limit?: number | undefined;
  /** Only instances whose name comes after this one, such as that of the last instance of the page before. */
  readonly after?: string | undefined;
}

/** What is asked of a start. */
export interface StartOptions {
  /** false: do not wait until it is ready or its start has failed. Default: true. */
  readonly wait?: boolean | undefined;
  /** Whether a start that was waited for and failed is an error (`start_failed`). Default: false, it is returned as it is. */
  readonly orThrow?: boolean | undefined;
}

/** What is asked of a restart. */
export interface RestartOptions extends DrainOptions, Pick<StartOptions, 'orThrow'> {}

/** What is asked of a removal. */
export interface RemoveOptions extends DrainOptions {
  /** Whether the tenant's directory is deleted too, if no other service of the tenant is left. Default: false. */
  readonly purge?: boolean | undefined;
}

/** Changes of what is one instance's own, and of its tenant's plan. null: the value of its service, plan or tenant holds. */
export interface InstanceUpdate extends InstanceChanges {
  /** Plan of its tenant, for all instances of it; null: the default plan. */
  readonly plan?: string | null | undefined;
}

/** What is asked of a spawn. */
export interface SpawnInstanceOptions extends SpawnOptions, Pick<StartOptions, 'orThrow'> {}

export function instanceOf(view: InstanceView): Instance {
  return { ...view, socketPath: view.socket };
}

/** Selects instances, by name. */
export function selected(names: Iterable<InstanceName>, filter: InstanceFilter): InstanceName[] {
  const { service, tenant, after } = filter;
  if (service !== undefined && tenant !== undefined) {
    const name = instanceName(service, tenant);
    return Array.from(names).filter((one) => one === name && (after === undefined || one > after));
  }
  const isMeant = (name: InstanceName) =>
    (service === undefined || name.startsWith(`${service}:`)) &&
    (tenant === undefined || name.endsWith(`:${tenant}`)) &&
    (after === undefined || name > after);
  return Array.from(names)
    .filter(isMeant)
    .sort((a, b) => (a < b ? -1 : 1));
}

export function isInState({ state }: InstanceView, asked: InstanceFilter['state']): boolean {
  if (asked === undefined) return true;
  return typeof asked === 'string' ? state === asked : asked.includes(state);
}

/** @throws {TenementError} `start_failed` when that is asked for, with the last lines of its output as details */
export function started(view: InstanceView, { wait, orThrow }: StartOptions, created: boolean): Instance {
  if (orThrow !== true || wait === false || !hasStartFailed(view, created)) return instanceOf(view);
  const reason = view.lastExit?.detail ?? view.reason;
  throw new TenementError('start_failed', `${view.instance} did not start: ${reason}`, {
    details: view.lastExit?.lastLines ?? [],
  });
}
