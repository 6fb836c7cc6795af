/** Makes Fastify check its routes with zod schemas, and describe them with the same schemas. */
import type { SwaggerTransform } from '@fastify/swagger';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifySchema,
  FastifySchemaCompiler,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { z } from 'zod';
import { TenementError } from '../errors.ts';
import { NAME_MARK } from './openapi/description.ts';
import { SCHEMA_NAMES } from './openapi/schema-names.ts';
import type { TypedAnswer } from './schemas/instances.ts';

export interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  // Response types come from the ports; schemas only describe them.
  serializer: unknown;
}

/** A Fastify instance whose routes take zod schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression<RawServerDefault>,
  RawReplyDefaultExpression<RawServerDefault>,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Checks one part of a request. Errors are `bad_input` and name the field. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    const result = schema.safeParse(data);
    return result.success ? { value: result.data } : { error: inputError(result.error, httpPart ?? 'request') };
  };
};

function inputError(error: z.ZodError, httpPart: string): TenementError {
  const problems = error.issues.map((issue) => {
    const field = issue.path.length > 0 ? issue.path.join('.') : httpPart;
    // For an invalid key, zod nests the message of the key's own schema.
    const { message } = (issue.code === 'invalid_key' ? issue.issues[0] : undefined) ?? issue;
    return `${field}: ${message}`;
  });
  return new TenementError('bad_input', problems.join('; '));
}

const PARTS = ['body', 'querystring', 'params'] as const;

/** Converts a route's zod schemas to JSON Schema, for the OpenAPI plugin, and adds the permission that it needs. */
export const describeRoute: SwaggerTransform = ({ schema, url, route }) => {
  const described: Record<string, unknown> = { ...schema, 'x-permission': route.config?.permission };
  for (const part of PARTS) {
    if (schema?.[part] instanceof z.ZodType) described[part] = toJsonSchema(schema[part], 'input');
  }
  const response: object = schema?.response ?? {};
  const answers = Object.entries(response).map(([status, answer]) => [status, describeAnswer(answer)]);
  if (answers.length > 0) described['response'] = Object.fromEntries(answers);
  return { schema: described as FastifySchema, url };
};

function describeAnswer(answer: unknown): unknown {
  if (answer instanceof z.ZodType) return toJsonSchema(answer, 'output');
  const { description, content } = answer as TypedAnswer;
  const types = Object.entries(content).map(([type, { schema }]) => [type, { schema: toJsonSchema(schema, 'output') }]);
  return { description, content: Object.fromEntries(types) };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, override: addName });
  return json;
}

function addName({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const named = SCHEMA_NAMES.get(zodSchema);
  if (named === undefined) return;
  jsonSchema[NAME_MARK] = named.name;
  if (named.example !== undefined) jsonSchema['examples'] = [named.example];
}
