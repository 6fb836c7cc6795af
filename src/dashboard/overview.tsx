/** How many instances are in which state. */
import { computed, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { InstanceView } from '../core/verbs/verbs.ts';
import { getJson } from './requests.ts';

const instances = signal<readonly InstanceView[] | null>(null);
const problem = signal<string | null>(null);
const counts = computed(() => Map.groupBy(instances.value ?? [], ({ state }) => state));

async function load(): Promise<void> {
  try {
    const answer = await getJson<{ instances: InstanceView[] }>('/api/instances');
    instances.value = answer.instances;
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

export function Overview() {
  useEffect(() => void load(), []);
  return (
    <main>
      <h1>tenement</h1>
      {problem.value !== null && <p role="alert">{problem}</p>}
      <dl>
        {Array.from(counts.value, ([state, members]) => (
          <div key={state}>
            <dt>{state}</dt>
            <dd>{members.length}</dd>
          </div>
        ))}
      </dl>
    </main>
  );
}
