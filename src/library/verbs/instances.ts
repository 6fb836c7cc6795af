/** The verbs on instances, with the checks that callers without types need. */
import type { Parts } from '../../compose.ts';
import { LIBRARY } from '../../core/access/actor.ts';
import {
  assertDrainOptions,
  assertInstanceFilter,
  assertInstanceUpdate,
  assertStartOptions,
} from '../../core/input/library/instance-input.ts';
import { assertSpawnOptions } from '../../core/input/spawn-input.ts';
import { namedInstance, parseInstanceName } from '../../core/lifecycle/instance.ts';
import type { DrainOptions } from '../../core/verbs/verbs.ts';
import type { Call } from '../calls.ts';
import {
  type Instance,
  type InstanceFilter,
  type InstanceUpdate,
  instanceOf,
  isInState,
  type RemoveOptions,
  type RestartOptions,
  type SpawnInstanceOptions,
  type StartOptions,
  selected,
  started,
} from '../instance.ts';

export class Instances {
  readonly #supervisor: () => Parts['supervisor'];
  readonly #call: Call;

  /** @param supervisor throws {TenementError} `closed` */
  constructor(supervisor: () => Parts['supervisor'], call: Call) {
    this.#supervisor = supervisor;
    this.#call = call;
  }

  spawn(service: string, tenantId: string, options: SpawnInstanceOptions): Promise<Instance> {
    return this.#call(async () => {
      assertSpawnOptions(options);
      const { orThrow, ...asked } = options;
      const { view, created } = await this.#verbs.spawn(service, tenantId, asked);
      return started(view, asked.start === false ? {} : { wait: asked.wait, orThrow }, created);
    });
  }

  start(instance: string, options: StartOptions): Promise<Instance> {
    return this.#call(async () => {
      assertStartOptions(options);
      return started(await this.#verbs.start(namedInstance(instance), { wait: options.wait }), options, true);
    });
  }

  stop(instance: string, options: DrainOptions): Promise<Instance> {
    return this.#call(async () => {
      assertDrainOptions(options);
      return instanceOf(await this.#verbs.stop(namedInstance(instance), options));
    });
  }

  restart(instance: string, options: RestartOptions): Promise<Instance> {
    return this.#call(async () => {
      assertDrainOptions(options, ['orThrow']);
      return started(await this.#verbs.restart(namedInstance(instance), options), options, true);
    });
  }

  sleep(instance: string, options: DrainOptions): Promise<Instance> {
    return this.#call(async () => {
      assertDrainOptions(options);
      return instanceOf(await this.#verbs.sleep(namedInstance(instance), options));
    });
  }

  update(instance: string, changes: InstanceUpdate): Promise<Instance> {
    return this.#call(async () => {
      const name = namedInstance(instance);
      assertInstanceUpdate(changes);
      const { plan, ...own } = changes;
      const supervisor = this.#supervisor();
      supervisor.get(name);
      if (plan !== undefined) await supervisor.tenants.by(LIBRARY).set(parseInstanceName(name).tenantId, { plan });
      return instanceOf(await this.#verbs.set(name, own));
    });
  }

  remove(instance: string, options: RemoveOptions): Promise<void> {
    return this.#call(() => {
      assertDrainOptions(options, ['purge']);
      return this.#verbs.remove(namedInstance(instance), options);
    });
  }

  get(instance: string): Instance {
    return instanceOf(this.#supervisor().get(namedInstance(instance)));
  }

  list(filter: InstanceFilter): Instance[] {
    assertInstanceFilter(filter);
    const supervisor = this.#supervisor();
    const { limit = Number.POSITIVE_INFINITY, state } = filter;
    const found: Instance[] = [];
    for (const name of selected(supervisor.names(), filter)) {
      if (found.length >= limit) break;
      const view = supervisor.get(name);
      if (isInState(view, state)) found.push(instanceOf(view));
    }
    return found;
  }

  get #verbs() {
    return this.#supervisor().by(LIBRARY);
  }
}
