/** The verbs of a tenant as a whole. */
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { Action } from '../../components/basics.tsx';
import { perform } from '../../state/actions.ts';
import { change, path } from '../../state/api.ts';
import { question } from '../../state/asked.ts';
import { go } from '../../state/location.ts';
import { permissions } from '../../state/session.ts';

export function TenantActions({ view, reload }: { view: TenantView; reload: () => void }) {
  const { operateTenants, manageTenants } = permissions.value;
  const { id, state, provisioning } = view;
  const post = (verb: string) => () => change('POST', path`/api/tenants/${id}/${verb}`);
  return (
    <div class="buttons">
      {operateTenants && state === 'stopped' && (
        <Action
          label="Start"
          subject={id}
          done={`${id} is started.`}
          run={post('start')}
          onDone={reload}
          kind="primary"
        />
      )}
      {operateTenants && state !== 'stopped' && (
        <Action label="Stop tenant" subject={id} done={`${id} is stopped.`} run={post('stop')} onDone={reload} />
      )}
      {manageTenants && provisioning !== null && (
        <Action
          label="Try setup again"
          subject={id}
          done={`The hooks of ${id} have succeeded.`}
          run={post('provision')}
          onDone={reload}
        />
      )}
      {manageTenants && (
        <button type="button" class="danger" onClick={() => ask(view)}>
          Remove…<span class="for-readers"> {id}</span>
        </button>
      )}
    </div>
  );
}

function ask({ id, instances, domains }: TenantView): void {
  const gone = [...instances, ...domains];
  question.value = {
    title: `Remove the tenant ${id}?`,
    consequences: [
      gone.length === 0 ? `The tenant ${id} is unregistered.` : `This stops and unregisters ${gone.join(', ')}.`,
      'Its secrets go with it. Its directory stays, unless you choose otherwise.',
    ],
    option: {
      text: 'Also purge it: run its destroy hooks, and delete its directory and logs for good',
      typeToConfirm: id,
    },
    confirm: 'Remove',
    onConfirm: (purge) => void remove(id, purge),
  };
}

async function remove(id: string, purge: boolean): Promise<void> {
  const address = path`/api/tenants/${id}`;
  const isDone = await perform({
    name: `Remove ${id}`,
    done: purge ? `${id} is removed, with its directory.` : `${id} is removed. Its directory stays.`,
    run: () => change('DELETE', purge ? `${address}?purge=true` : address),
  });
  if (isDone) go('#/tenants');
}
