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

export function configReference(): string {
  const { settings, proxy, api, service, instances, routing, tenants, plan, notify } =
    (jsonSchema() as Property).properties ?? {};
  return [
    table('[settings]', settings),
    table('[proxy]', proxy),
    table('[api]', api),
    table('[service.NAME]', innerTable(service)),
    `### [instances]\n\n${instances?.description ?? ''}\n`,
    table('[routing]', withoutTables(routing)),
    table('[routing.jwt]', routing?.properties?.['jwt']),
    table('[tenants]', tenants),
    table('[plan.NAME]', innerTable(plan)),
    table('[[notify]]', notify?.items),
  ].join('\n');
}

/** Leaves out keys that are tables with a section of their own. */
function withoutTables(section: Property | undefined): Property | undefined {
  if (section?.properties === undefined) return section;
  const { jwt: _, ...properties } = section.properties;
  return { ...section, properties };
}

function innerTable(record: Property | undefined): Property | undefined {
  return typeof record?.additionalProperties === 'object' ? record.additionalProperties : undefined;
}

function table(title: string, section: Property | undefined): string {
  const rows = Object.entries(section?.properties ?? {}).map(
    ([key, property]) =>
      `| \`${key}\` | ${typeOf(property)} | ${defaultOf(property)} | ${property.description ?? ''} |`,
  );
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
