/** Zod schemas that the config and the API share: limits and environment variables. */
import { z } from 'zod';
import { describeMismatch } from './core/input/given.ts';
import {
  isVariableValue,
  VARIABLE_NAME,
  VARIABLE_NAME_EXPECTED,
  VARIABLE_VALUE_EXPECTED,
} from './core/input/variable.ts';
import { LIMITS, type LimitName, limitExpectation } from './core/limits/limit-table.ts';
import { secretNameProblem } from './core/secrets/secret-rules.ts';

type LimitSchema = z.ZodOptional<z.ZodNumber>;

/** Returns a schema for each limit, by the name that `nameOf` gives. Each limit is optional. */
export function limitShape<Key extends string>(nameOf: (name: LimitName) => Key): Record<Key, LimitSchema> {
  const entries = Object.keys(LIMITS).map((name) => [nameOf(name as LimitName), limit(name as LimitName)]);
  return Object.fromEntries(entries) as Record<Key, LimitSchema>;
}

/** Returns a schema for changes of limits, by the names of the API; null removes a limit of one's own. */
export function changedLimitShape(): Record<LimitName, z.ZodOptional<z.ZodNullable<z.ZodNumber>>> {
  const entries = (Object.keys(LIMITS) as LimitName[]).map((name) => [
    name,
    limit(name).unwrap().nullable().optional(),
  ]);
  return Object.fromEntries(entries) as Record<LimitName, z.ZodOptional<z.ZodNullable<z.ZodNumber>>>;
}

function limit(name: LimitName): LimitSchema {
  const { min, max, isWhole, meaning } = LIMITS[name];
  const error = ({ input }: { readonly input?: unknown }) => describeMismatch(limitExpectation(name), input);
  const number = isWhole ? z.int({ error }) : z.number({ error });
  return number.min(min, { error }).max(max, { error }).optional().describe(meaning);
}

export const variableName = z.string().regex(VARIABLE_NAME, {
  error: ({ input }) => describeMismatch(VARIABLE_NAME_EXPECTED, input),
});
/** The message shows nothing of a wrong name, which may be a value in the wrong place. */
export const secretName = z.string().superRefine((name, context) => {
  const message = secretNameProblem(name);
  if (message !== null) context.addIssue({ code: 'custom', message });
});
export const variableValue = z.string().refine(isVariableValue, VARIABLE_VALUE_EXPECTED);
