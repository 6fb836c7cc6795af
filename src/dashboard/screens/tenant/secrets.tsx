/** Names of secrets and variables. Their values are shown nowhere. */
import type { SecretList, SecretView } from '../../../core/verbs/secret-verbs.ts';
import { Action, Empty, Foreign, ProblemBox, Section, When } from '../../components/basics.tsx';
import { change, getJson, path } from '../../state/api.ts';
import { useLoaded } from '../../state/loaded.ts';
import { permissions } from '../../state/session.ts';
import type { TenantPart } from './part.ts';

export function TenantSecrets({ tenant, view }: TenantPart) {
  const { value, problem, reload } = useLoaded(tenant, view, (signal) =>
    getJson<SecretList>(path`/api/tenants/${tenant}/secrets`, signal),
  );
  return (
    <div class="columns">
      <Section title="Secrets">
        {problem !== null && <ProblemBox problem={problem} />}
        {value?.missing.map(({ name, neededBy }) => (
          <p key={name} class="bad-text">
            {name} is missing: {neededBy.join(', ')} does not start without it. Set it with{' '}
            <code>{`tenement secret set ${tenant} ${name}`}</code>.
          </p>
        ))}
        {value?.secrets.length === 0 && <Empty>No secret.</Empty>}
        {value !== null && value.secrets.length > 0 && (
          <ul class="plain-list">
            {value.secrets.map((secret) => (
              <Secret key={secret.name} tenant={tenant} secret={secret} reload={reload} />
            ))}
          </ul>
        )}
        <p class="muted">Values are never shown, nor sent to this page.</p>
      </Section>
      {view !== null && (
        <Section title="Variables">
          {view.variables.length === 0 && <Empty>No variable of its own.</Empty>}
          <ul class="chips">
            {view.variables.map((name) => (
              <li key={name}>
                <code>{name}</code>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

interface SecretProps {
  tenant: string;
  secret: SecretView;
  reload: () => void;
}

function Secret({ tenant, secret: { name, version, source, changedAt }, reload }: SecretProps) {
  return (
    <li>
      <strong>
        <Foreign text={name} />
      </strong>
      <span class="muted">
        version {version}, <Foreign text={source} />, changed <When at={changedAt} />
      </span>
      {permissions.value.manageTenants && source !== 'operator' && (
        <Action
          label="Rotate"
          subject={name}
          done={`${name} of ${tenant} has a new value.`}
          run={() => change('POST', path`/api/tenants/${tenant}/secrets/${name}/rotate`)}
          onDone={reload}
        />
      )}
    </li>
  );
}
