/** Generates the reference of all keys, as Markdown tables, from the schema. */
import { jsonSchema } from './json-schema.ts';

interface Property {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Property[];
  readonly items?: Property;
  readonly properties?: Readonly<Record<string, Property>>;
  readonly additionalProperties?: Property | boolean;
}

export interface ReferenceKey {
  readonly name: string;
  /** Markdown, as are the default and the meaning. */
  readonly type: string;
  /** Empty when there is none. */
  readonly default: string;
  readonly meaning: string;
}

export interface ReferenceSection {
  /** The heading of the table in the file: `[service.NAME]`. */
  readonly title: string;
  readonly meaning: string;
  readonly keys: readonly ReferenceKey[];
}

/** Returns the sections as Markdown tables. */
export function configReference(): string {
  return referenceSections().map(markdownOf).join('\n');
}

/** Returns every table of the config with its keys, in the order in which a reader needs them. */
export function referenceSections(): ReferenceSection[] {
  const { settings, proxy, tls, api, service, instances, routing, tenants, plan, notify, backup } =
    (jsonSchema() as Property).properties ?? {};
  return [
    section('[settings]', settings),
    section('[proxy]', proxy),
    section('[tls]', withoutTables(tls)),
    section('[tls.acme]', tls?.properties?.['acme']),
    section('[api]', api),
    section('[service.NAME]', innerTable(service)),
    section('[instances]', { description: instances?.description ?? '' }),
    section('[routing]', withoutTables(routing)),
    section('[routing.jwt]', routing?.properties?.['jwt']),
    section('[tenants]', tenants),
    section('[plan.NAME]', innerTable(plan)),
    section('[[notify]]', notify?.items),
    section('[backup]', backup),
  ];
}

/** Leaves out keys that are tables with a section of their own. */
function withoutTables(section: Property | undefined): Property | undefined {
  if (section?.properties === undefined) return section;
  const { jwt: _jwt, acme: _acme, ...properties } = section.properties;
  return { ...section, properties };
}

function innerTable(record: Property | undefined): Property | undefined {
  return typeof record?.additionalProperties === 'object' ? record.additionalProperties : undefined;
}

function section(title: string, { description = '', properties = {} }: Property = {}): ReferenceSection {
  const keys = Object.entries(properties).map(([name, property]) => ({
    name,
    type: typeOf(property),
    default: defaultOf(property),
    meaning: property.description ?? '',
  }));
  return { title, meaning: description, keys };
}

function markdownOf({ title, meaning, keys }: ReferenceSection): string {
  if (keys.length === 0) return `### ${title}\n\n${meaning}\n`;
  const rows = keys.map((key) => `| \`${key.name}\` | ${key.type} | ${key.default} | ${key.meaning} |`);
  return [`### ${title}`, '', '| key | type | default | meaning |', '| --- | --- | --- | --- |', ...rows, ''].join(
    '\n',
  );
}

/** A longer list of values would fill the page; the meaning of the key says where they are. */
const MAX_SHOWN_VALUES = 8;

function typeOf(property: Property): string {
  if (property.enum !== undefined && property.enum.length <= MAX_SHOWN_VALUES)
    return property.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (property.anyOf !== undefined) return property.anyOf.map(typeOf).join(' or ');
  if (property.type === 'array') return `list of ${property.items === undefined ? 'anything' : typeOf(property.items)}`;
  if (property.type === 'object') return 'table';
  return `${property.type ?? 'anything'}${rangeOf(property)}`;
}

/** Returns the range of a number that has an upper bound, other than that of all safe integers. */
function rangeOf({ minimum, maximum = Number.MAX_SAFE_INTEGER }: Property): string {
  return minimum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` from ${minimum} to ${maximum}`;
}

function defaultOf(property: Property): string {
  return property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``;
}
