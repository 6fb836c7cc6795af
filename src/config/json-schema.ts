/** The JSON Schema of tenement.toml, for editors. It derives from the schema that checks the file. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'tenement.toml', description: 'Configuration of tenement.' };
}
