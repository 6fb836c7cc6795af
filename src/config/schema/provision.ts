/** The tables `[[service.NAME.provision]]`. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/limits/units.ts';
import { MAX_HOOK_TIMEOUT_MS } from '../../core/provisioning/hook.ts';
import { variableName } from '../../input-schemas.ts';
import { duration, label, text, variable } from './values.ts';

const command = (meaning: string) =>
  z
    .union([text(), z.array(z.string()).min(1)], 'expected a string or an array of strings')
    .optional()
    .describe(meaning);

const isTimeout = (value: number | string) => {
  const ms = parseDurationMs(value) ?? 0;
  return ms > 0 && ms <= MAX_HOOK_TIMEOUT_MS;
};

export const provisionSchema = z.strictObject({
  name: label().describe('Name of the hook, unique in its service.'),
  create: command(
    'Makes what a tenant needs, once for each tenant, and prints `NAME=VALUE` lines, which become secrets; split into words like `command`. See docs/provisioning.md.',
  ),
  destroy: command('Removes it again, at `tenant rm --purge` and `rm --purge`.'),
  rotate: command('Replaces the secrets, for `secret rotate`.'),
  measure: command(
    "Prints `NAME=NUMBER` lines, which become meters of the tenant's usage; once an hour while the tenant is awake.",
  ),
  timeout: duration()
    .default('60s')
    .refine(isTimeout, 'expected a duration of more than 0 and at most 1h')
    .describe('How long one run may take; then it is ended with all that it started.'),
  inherit_env: z
    .array(variableName)
    .default([])
    .describe("Names of variables that the hook gets from the server's environment."),
  env: z
    .record(variableName, variable())
    .default({})
    .describe('Environment variables of the hook; values are templates.'),
});

export type ProvisionInput = z.output<typeof provisionSchema>;
