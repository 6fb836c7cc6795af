/** Domains of the tenant's own: state, proof, certificate. */
import { useState } from 'preact/hooks';
import type { DomainView } from '../../../core/verbs/domain-verbs.ts';
import { Action, Badge, Empty, Foreign, ProblemBox, Section, When } from '../../components/basics.tsx';
import { perform } from '../../state/actions.ts';
import { change, getJson, path } from '../../state/api.ts';
import { question } from '../../state/asked.ts';
import { useLoaded } from '../../state/loaded.ts';
import { permissions } from '../../state/session.ts';
import type { TenantPart } from './part.ts';

export function TenantDomains({ tenant, view, instances, reload: reloadTenant }: TenantPart) {
  const loaded = useLoaded(tenant, view, async (signal) => {
    const answer = await getJson<{ domains: DomainView[] }>(path`/api/domains?tenant=${tenant}`, signal);
    return answer.domains;
  });
  const { value: domains, problem } = loaded;
  const reload = () => {
    loaded.reload();
    reloadTenant();
  };
  const services = instances.map(({ instance }) => instance.slice(0, instance.indexOf(':')));
  return (
    <Section title="Domains">
      {problem !== null && <ProblemBox problem={problem} />}
      {domains?.length === 0 && <Empty>No domain of its own.</Empty>}
      {domains !== null && domains.length > 0 && (
        <ul class="domains">
          {domains.map((domain) => (
            <Domain key={domain.domain} domain={domain} reload={reload} />
          ))}
        </ul>
      )}
      {permissions.value.manageTenants && <AddDomain tenant={tenant} services={services} reload={reload} />}
    </Section>
  );
}

function Domain({ domain: view, reload }: { domain: DomainView; reload: () => void }) {
  const { domain, name, tenant, state, reason, warning, proof, certificate } = view;
  const { manage } = permissions.value;
  const isPending = state === 'pending';
  return (
    <li>
      <div class="domain-name">
        <strong>
          <Foreign text={name} />
        </strong>
        <Badge state={state} />
        {certificate !== null && (
          <span class="muted">
            certificate {certificate.state}
            {certificate.expiresAt !== null && (
              <>
                , expires <When at={certificate.expiresAt} />
              </>
            )}
          </span>
        )}
      </div>
      <p class="muted">
        <Foreign text={reason} max={500} />
      </p>
      {warning !== null && (
        <p class="warn-text">
          <Foreign text={warning} max={500} />
        </p>
      )}
      {certificate?.lastError != null && (
        <p class="bad-text">
          <Foreign text={certificate.lastError} max={500} />
        </p>
      )}
      {isPending && proof !== null && (
        <p>
          Set this record in DNS: <code class="record">{`${proof.name}  ${proof.type}  ${proof.value}`}</code>
        </p>
      )}
      {manage && (
        <div class="buttons">
          {isPending && (
            <Action
              label="Verify now"
              subject={name}
              done={`${name} is verified.`}
              run={() => change('POST', path`/api/domains/${domain}/verify?tenant=${tenant}`)}
              onDone={reload}
            />
          )}
          <button type="button" class="danger" onClick={() => ask(view, reload)}>
            Remove…<span class="for-readers"> {name}</span>
          </button>
        </div>
      )}
    </li>
  );
}

function ask({ domain, name, tenant, service }: DomainView, reload: () => void): void {
  question.value = {
    title: `Remove ${name}?`,
    consequences: [`Requests to ${name} no longer reach ${service}:${tenant}, at once. Another tenant may take it.`],
    confirm: 'Remove',
    onConfirm: () =>
      void perform({
        name: `Remove ${name}`,
        done: `${name} is removed.`,
        run: () => change('DELETE', path`/api/domains/${domain}?tenant=${tenant}`),
      }).then(reload),
  };
}

interface AddDomainProps {
  tenant: string;
  services: readonly string[];
  reload: () => void;
}

function AddDomain({ tenant, services, reload }: AddDomainProps) {
  const [domain, setDomain] = useState('');
  const [service, setService] = useState('');
  const [verify, setVerify] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const body = { tenant, domain: domain.trim(), ...(service !== '' && { service }), ...(verify && { verify }) };
    const isDone = await perform({
      name: `Add ${domain.trim()}`,
      done: verify ? `${body.domain} is added. It is routed once its record is found.` : `${body.domain} is added.`,
      run: () => change('POST', '/api/domains', body),
    });
    if (isDone) setDomain('');
    reload();
  };
  return (
    <form class="add-domain" onSubmit={(event) => void submit(event)}>
      <div class="row">
        <label for="domain">Add</label>
        <input
          id="domain"
          type="text"
          inputMode="url"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="shop.example.com"
          value={domain}
          onInput={({ currentTarget }) => setDomain(currentTarget.value)}
        />
        <button type="submit" disabled={domain.trim() === ''}>
          Add domain
        </button>
      </div>
      <div class="row">
        {services.length > 1 && (
          <select
            aria-label="Service"
            value={service}
            onChange={({ currentTarget }) => setService(currentTarget.value)}
          >
            <option value="">default service</option>
            {services.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <label class="choice">
          <input type="checkbox" checked={verify} onChange={({ currentTarget }) => setVerify(currentTarget.checked)} />
          only once a DNS record proves it
        </label>
      </div>
    </form>
  );
}
