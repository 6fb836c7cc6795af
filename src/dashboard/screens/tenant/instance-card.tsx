/** One instance with all that is known of it, and its verbs. */
import type { InstanceRow } from '../../../core/dashboard/views.ts';
import type { InstanceView } from '../../../core/verbs/verbs.ts';
import { Action, Badge, type Fact, Facts, Foreign, When } from '../../components/basics.tsx';
import { bytes, count, cpuTime } from '../../model/format.ts';
import { tenantPath } from '../../model/route.ts';
import { splitInstance } from '../../model/rows.ts';
import { perform } from '../../state/actions.ts';
import { change, getJson, path } from '../../state/api.ts';
import { question } from '../../state/asked.ts';
import { useLoaded } from '../../state/loaded.ts';
import { permissions } from '../../state/session.ts';
import { LastLines } from './last-lines.tsx';

export function InstanceCard({ row }: { row: InstanceRow }) {
  const { instance, state, reason } = row;
  const { value: view } = useLoaded(instance, row, (signal) =>
    getJson<InstanceView>(path`/api/instances/${instance}`, signal),
  );
  return (
    <article class="card" aria-label={instance}>
      <header>
        <h3>{instance}</h3>
        <Badge state={state} />
      </header>
      <p class="reason">
        <Foreign text={reason} max={500} />
      </p>
      <Verbs row={row} />
      {view !== null && <Facts facts={factsOf({ ...view, ...row })} />}
      {view?.lastExit != null && <LastExit exit={view.lastExit} isOpen={state === 'failed' || state === 'backoff'} />}
    </article>
  );
}

function Verbs({ row: { instance, state } }: { row: InstanceRow }) {
  const { operate, manage } = permissions.value;
  const post = (verb: string) => () => change('POST', path`/api/instances/${instance}/${verb}`);
  const runs = state === 'ready' || state === 'suspended' || state === 'starting';
  const startLabel = { asleep: 'Wake', suspended: 'Wake' }[state as string] ?? 'Start';
  return (
    <div class="buttons">
      {operate && state !== 'ready' && state !== 'starting' && (
        <Action
          label={startLabel}
          subject={instance}
          done={`${instance} is ready.`}
          run={post('start')}
          kind="primary"
        />
      )}
      {operate && runs && (
        <>
          <Action label="Restart" subject={instance} done={`${instance} was restarted.`} run={post('restart')} />
          <Action label="Sleep" subject={instance} done={`${instance} sleeps.`} run={post('sleep')} />
        </>
      )}
      {operate && state !== 'stopped' && (
        <Action label="Stop" subject={instance} done={`${instance} is stopped.`} run={post('stop')} />
      )}
      {operate && (
        <a class="button" href={tenantPath(splitInstance(instance).id, 'logs', { instance })}>
          Logs
        </a>
      )}
      {manage && (
        <button type="button" class="danger" onClick={() => ask(instance)}>
          Remove…<span class="for-readers"> {instance}</span>
        </button>
      )}
    </div>
  );
}

function ask(instance: string): void {
  const { id } = splitInstance(instance);
  question.value = {
    title: `Remove ${instance}?`,
    consequences: [
      `This stops and unregisters ${instance}. Requests to it get 404.`,
      `The tenant ${id} and its other instances stay, and so does its directory, unless you choose otherwise.`,
    ],
    option: {
      text: `Also delete the directory of ${id} for good, if it has no other instance`,
      typeToConfirm: id,
    },
    confirm: 'Remove',
    onConfirm: (purge) =>
      void perform({
        name: `Remove ${instance}`,
        done: `${instance} is removed.`,
        run: () => change('DELETE', `${path`/api/instances/${instance}`}${purge ? '?purge=true' : ''}`),
      }),
  };
}

function factsOf(view: InstanceView): Fact[] {
  const { memoryBytes, memoryLimitBytes, startedAt, sleepsAt, retryAt, lastWakeMs, openStreams, openConnections } =
    view;
  const limit = memoryLimitBytes === null ? '' : ` of ${bytes(memoryLimitBytes)}`;
  const facts: (Fact | null)[] = [
    ['Memory', `${bytes(memoryBytes)}${limit}`],
    ['CPU time', cpuTime(view.cpuSeconds)],
    ['Requests', count(view.requests)],
    ['In flight', count(view.inFlight)],
    ['Streams, connections', `${count(openStreams)}, ${count(openConnections)}`],
    ['Wakes', `${count(view.wakes)}${lastWakeMs === null ? '' : `, last in ${lastWakeMs.toFixed(0)} ms`}`],
    ['Restarts', count(view.restarts)],
    ['Last active', <When key="when" at={view.lastActivityAt} />],
    view.pid === null ? null : ['Process', String(view.pid)],
    startedAt === null ? null : ['Started', <When key="when" at={startedAt} />],
    sleepsAt === null ? null : ['Sleeps', <When key="when" at={sleepsAt} />],
    retryAt === null ? null : ['Next try', <When key="when" at={retryAt} />],
    view.storageBytes === null ? null : ['Storage', bytes(view.storageBytes)],
    view.url === null ? null : ['Address', <Address key="address" url={view.url} />],
    view.socket === null ? null : ['Socket', <code key="socket">{view.socket}</code>],
    view.port === null ? null : ['Port', String(view.port)],
  ];
  return facts.filter((fact) => fact !== null);
}

/** No link: following it would wake the tenant. */
function Address({ url }: { url: string }) {
  return (
    <code>
      <Foreign text={url} />
    </code>
  );
}

interface LastExitProps {
  exit: NonNullable<InstanceView['lastExit']>;
  /** The last exit is shown open for an instance that is down, because it says why. */
  isOpen: boolean;
}

function LastExit({ exit: { reason, code, signal, detail, at, lastLines }, isOpen }: LastExitProps) {
  const status = signal ?? (code === null ? null : `status ${code}`);
  const isPlain = reason === 'exit' || reason === 'signal';
  const how = [isPlain && status !== null ? null : reason.replaceAll('_', ' '), status].filter((part) => part !== null);
  return (
    <details class="last-exit" open={isOpen}>
      <summary>
        Last exit: {how.join(', ')}, <When at={at} />
      </summary>
      {detail !== null && (
        <p>
          <Foreign text={detail} max={500} />
        </p>
      )}
      {lastLines.length > 0 ? <LastLines lines={lastLines} /> : <p class="muted">It printed nothing.</p>}
    </details>
  );
}
