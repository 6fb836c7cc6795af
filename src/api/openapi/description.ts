/** The description as it is served: named schemas in one place, the errors of each operation, and their tags. */
import { STATUS_CODES } from 'node:http';
import { operationId } from './operation-id.ts';

type Json = { [key: string]: unknown };

/** Marks a schema with its name until it is moved to the components. */
export const NAME_MARK = 'x-schema-name';

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head'];

/** Tag → what its operations are about. */
const TAGS: Readonly<Record<string, string>> = {
  server: 'The server as a whole',
  instances: 'One service for one tenant',
  tenants: 'Customers, with what is theirs',
  domains: "Domains of tenants' own",
  certificates: 'Certificates by ACME',
  backups: 'Backups of tenants',
  events: 'What happened',
  tokens: 'Tokens of this API',
  notify: 'Receivers of notifications',
  usage: 'What tenants have used',
  dashboard: 'What the dashboard reads',
};

/** Returns the finished form of what the routes were described with. */
export function finishedDescription(described: object): object {
  const schemas: Json = {};
  const { components = {}, paths = {}, ...rest } = hoisted(described, schemas) as { components?: Json; paths?: Json };
  const used = new Set<string>();
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = (item as Json)[method] as Json | undefined;
      if (operation === undefined) continue;
      const tag = tagOf(path);
      used.add(tag);
      operation['operationId'] = operationId(method.toUpperCase(), path);
      operation['tags'] = [tag];
      operation['responses'] = withErrors(operation, path);
    }
  }
  return {
    ...rest,
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: { ...components, schemas },
  };
}

/** Moves named schemas to `schemas`, and puts references in their place. */
function hoisted(node: unknown, schemas: Json): unknown {
  if (Array.isArray(node)) return node.map((one) => hoisted(one, schemas));
  if (typeof node !== 'object' || node === null) return node;
  const { [NAME_MARK]: name, ...rest } = node as Json;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, hoisted(value, schemas)]));
  if (typeof name !== 'string') return plain;
  schemas[name] ??= plain;
  return { $ref: `#/components/schemas/${name}` };
}

function tagOf(path: string): string {
  const [first = '', second = ''] = path.split('/').slice(1);
  if (first === 'spawn') return 'instances';
  const tag = first === 'api' ? second : first;
  return tag in TAGS ? tag : 'server';
}

/** Names the statuses of errors that an operation may have, and leaves a range for all others. */
function withErrors(operation: Json, path: string): Json {
  const responses = operation['responses'] as Json;
  const problem = responses['4XX'] as Json | undefined;
  if (problem === undefined) return responses;
  const statuses = [
    ...(operation['requestBody'] !== undefined || operation['parameters'] !== undefined ? [400] : []),
    ...(isOpen(operation) ? [] : [401, 403, 429]),
    ...(path.includes('{') ? [404] : []),
    ...(operation['requestBody'] !== undefined ? [409] : []),
  ];
  const named = statuses.map((status) => [status, { ...problem, description: STATUS_CODES[status] }]);
  return { ...Object.fromEntries(named), ...responses };
}

function isOpen({ security }: Json): boolean {
  return Array.isArray(security) && security.length === 0;
}
