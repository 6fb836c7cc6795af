/** The output of the tenant's instances, one at a time. */
import { Empty } from '../../components/basics.tsx';
import { LogView } from '../../components/log-view.tsx';
import { route, setQuery } from '../../state/location.ts';
import type { TenantPart } from './part.ts';

export function TenantLogs({ instances, tenant }: TenantPart) {
  const { query } = route.value;
  const names = instances.map(({ instance }) => instance as string);
  const asked = query.get('instance');
  const shown = names.find((name) => name === asked) ?? names[0];
  if (shown === undefined) return <Empty>{tenant} has no instance.</Empty>;
  return (
    <LogView
      key={shown}
      instance={shown}
      instances={names}
      grep={query.get('q') ?? ''}
      stderr={query.get('stderr') === '1'}
      onQuery={({ grep, stderr, instance }) =>
        setQuery(
          {
            ...(grep !== undefined && { q: grep }),
            ...(stderr !== undefined && { stderr: stderr ? '1' : '' }),
            ...(instance !== undefined && { instance }),
          },
          instance !== undefined,
        )
      }
    />
  );
}
