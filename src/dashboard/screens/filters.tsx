/** The search and the choices above a table, which its address holds. */
import { useEffect, useRef } from 'preact/hooks';
import { FILTER_KEYS, type Filter, filterOf, isEmptyFilter } from '../model/filter.ts';
import { route, setQuery } from '../state/location.ts';

export interface Choice {
  readonly key: Exclude<keyof Filter, 'q' | 'label'>;
  readonly title: string;
  readonly values: readonly string[];
}

interface FiltersProps {
  noun: string;
  choices: readonly Choice[];
  /** Suggestions. */
  labels: readonly string[];
}

export function useFilter(): Filter {
  return filterOf(route.value.query);
}

export function Filters({ noun, choices, labels }: FiltersProps) {
  const filter = useFilter();
  return (
    <search class="toolbar">
      <QueryField name="q" label={`Search ${noun}`} isSearch value={filter.q} />
      {choices
        .filter(({ values, key }) => values.length > 1 || filter[key] !== '')
        .map(({ key, title, values }) => (
          <select
            key={key}
            aria-label={title}
            value={filter[key]}
            onChange={({ currentTarget }) => setQuery({ [key]: currentTarget.value }, true)}
          >
            <option value="">{title}</option>
            {withCurrent(values, filter[key]).map((value) => (
              <option key={value} value={value}>
                {value.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        ))}
      {(labels.length > 0 || filter.label !== '') && (
        <>
          <QueryField name="label" label="Label, as key=value" value={filter.label} list="labels" />
          <datalist id="labels">
            {labels.map((label) => (
              <option key={label} value={label} />
            ))}
          </datalist>
        </>
      )}
      {!isEmptyFilter(filter) && (
        <button type="button" onClick={() => setQuery(Object.fromEntries(FILTER_KEYS.map((key) => [key, ''])), true)}>
          Clear
        </button>
      )}
    </search>
  );
}

function withCurrent(values: readonly string[], current: string): readonly string[] {
  return current === '' || values.includes(current) ? values : [...values, current];
}

interface QueryFieldProps {
  name: keyof Filter;
  label: string;
  value: string;
  isSearch?: boolean;
  list?: string;
}

/** Follows the address, but never takes away what is being typed. */
function QueryField({ name, label, value, isSearch, list }: QueryFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const element = field.current;
    if (element !== null && document.activeElement !== element) element.value = value;
  }, [value]);
  return (
    <input
      ref={field}
      type="search"
      class={name}
      aria-label={label}
      placeholder={isSearch === true ? label : 'key=value'}
      data-search={isSearch}
      list={list}
      autocomplete="off"
      autocapitalize="off"
      spellcheck={false}
      defaultValue={value}
      onInput={({ currentTarget }) => setQuery({ [name]: currentTarget.value }, false)}
    />
  );
}
