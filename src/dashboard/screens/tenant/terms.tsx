/** Plan, expiry and labels, which take effect at once. */
import { useState } from 'preact/hooks';
import type { TenantView } from '../../../core/verbs/tenant-verbs.ts';
import { type Fact, Facts, Foreign, Section, When } from '../../components/basics.tsx';
import { bytes, count, dateTime } from '../../model/format.ts';
import { perform, underWay } from '../../state/actions.ts';
import { change, path } from '../../state/api.ts';
import { permissions, sessionState } from '../../state/session.ts';

interface TermsProps {
  view: TenantView;
  reload: () => void;
}

export function Terms({ view, reload }: TermsProps) {
  const { setTerms, manageTenants } = permissions.value;
  return (
    <Section title="Terms">
      <Facts facts={factsOf(view, setTerms)} />
      {setTerms && <PlanForm view={view} reload={reload} />}
      {setTerms && <ExpiryForm view={view} reload={reload} />}
      <Labels view={view} reload={reload} mayChange={manageTenants} />
    </Section>
  );
}

function factsOf(
  { plan, expiresAt, createdAt, requestsThisMonth, storageBytes }: TenantView,
  setTerms: boolean,
): Fact[] {
  const facts: (Fact | null)[] = [
    setTerms ? null : ['Plan', <Foreign key="plan" text={plan ?? 'none'} />],
    setTerms && expiresAt === null
      ? null
      : ['Expires', expiresAt === null ? 'never' : <When key="when" at={expiresAt} />],
    ['Registered', dateTime(createdAt)],
    ['Requests this month', count(requestsThisMonth)],
    storageBytes === null ? null : ['Storage', bytes(storageBytes)],
  ];
  return facts.filter((fact) => fact !== null);
}

async function set(id: string, what: string, body: object, done: string, reload: () => void): Promise<boolean> {
  const isDone = await perform({
    name: `${what} of ${id}`,
    done,
    run: () => change('PATCH', path`/api/tenants/${id}`, body),
  });
  reload();
  return isDone;
}

function PlanForm({ view: { id, plan }, reload }: TermsProps) {
  const session = sessionState.value.kind === 'in' ? sessionState.value.session : null;
  const plans = session?.plans ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const value = chosen ?? plan ?? '';
  if (plans.length === 0) return null;
  const submit = async (event: Event) => {
    event.preventDefault();
    const done = `${id} is on the plan ${value}.`;
    if (await set(id, 'Plan', { plan: value }, done, reload)) setChosen(null);
  };
  return (
    <form class="row" onSubmit={(event) => void submit(event)}>
      <label for="plan">Plan</label>
      <select id="plan" value={value} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
        {plan === null && <option value="">none</option>}
        {(plan === null || plans.includes(plan) ? plans : [...plans, plan]).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit" disabled={value === (plan ?? '') || underWay.value.has(`Plan of ${id}`)}>
        Set plan
      </button>
    </form>
  );
}

function ExpiryForm({ view: { id, expiresAt }, reload }: TermsProps) {
  const [text, setText] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const expires = text.trim();
    if (await set(id, 'Expiry', { expires }, `The expiry of ${id} is set: ${expires}.`, reload)) setText('');
  };
  return (
    <form class="row" onSubmit={(event) => void submit(event)}>
      <label for="expires">Expires</label>
      <input
        id="expires"
        type="text"
        autocomplete="off"
        placeholder={expiresAt === null ? 'never; 30d, 2027-01-31' : `${dateTime(expiresAt)}; 30d, never`}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit" disabled={text.trim() === ''}>
        Set expiry
      </button>
    </form>
  );
}

function Labels({ view: { id, labels }, reload, mayChange }: TermsProps & { mayChange: boolean }) {
  const [text, setText] = useState('');
  const pairs = Object.entries(labels);
  const submit = async (event: Event) => {
    event.preventDefault();
    const [key = '', ...rest] = text.trim().split('=');
    const done = `The label ${key} of ${id} is set.`;
    if (await set(id, 'Label', { labels: { [key]: rest.join('=') } }, done, reload)) setText('');
  };
  if (pairs.length === 0 && !mayChange) return null;
  return (
    <>
      <h3>Labels</h3>
      {pairs.length > 0 && (
        <ul class="chips">
          {pairs.map(([key, value]) => (
            <li key={key}>
              <Foreign text={`${key}=${value}`} />
              {mayChange && (
                <button
                  type="button"
                  class="quiet"
                  aria-label={`Remove the label ${key}`}
                  onClick={() =>
                    void set(id, 'Label', { labels: { [key]: null } }, `The label ${key} is gone.`, reload)
                  }
                >
                  ×
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <form class="row" onSubmit={(event) => void submit(event)}>
          <label for="label">Add</label>
          <input
            id="label"
            type="text"
            autocomplete="off"
            placeholder="key=value"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <button type="submit" disabled={!/^[^=\s]+=/.test(text.trim())}>
            Add label
          </button>
        </form>
      )}
    </>
  );
}
