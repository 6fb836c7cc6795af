/** Options that choose among instances. */
import { type Command, InvalidArgumentError } from 'commander';
import type { ApiClient } from '../api/client/client.ts';
import { STATES, type State } from '../core/lifecycle/instance.ts';
import type { InstanceView } from '../core/verbs/verbs.ts';

export interface Selection {
  readonly state?: readonly State[];
  readonly service?: string;
  readonly plan?: string;
}

export function takesSelection(command: Command): Command {
  return command
    .option('--state <state>', 'only those in this state; several are separated by commas', collectStates)
    .option('--service <name>', 'only those of this service')
    .option('--plan <name>', 'only those whose tenant is on this plan');
}

export function isSelective({ state, service, plan }: Selection): boolean {
  return state !== undefined || service !== undefined || plan !== undefined;
}

/** Asks the server for the tenants of a plan only if the selection names one. */
export async function selectedBy(
  { state, service, plan }: Selection,
  views: readonly InstanceView[],
  client: ApiClient,
): Promise<InstanceView[]> {
  const { tenants } = plan === undefined ? { tenants: null } : await client.tenants.list({ plan });
  const ids = tenants === null ? null : new Set(tenants.map(({ id }) => id));
  return views.filter(
    (view) =>
      (state === undefined || state.includes(view.state)) &&
      (service === undefined || view.service === service) &&
      (ids === null || ids.has(view.id)),
  );
}

function collectStates(text: string, earlier: readonly State[] = []): readonly State[] {
  return [...earlier, ...text.split(',').map(asState)];
}

function asState(word: string): State {
  const state = STATES.find((one) => one === word.trim());
  if (state === undefined) throw new InvalidArgumentError(`States are ${STATES.join(', ')}.`);
  return state;
}
