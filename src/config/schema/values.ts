/** Types of values that the tables of tenement.toml share, with the messages of their errors. */
import { z } from 'zod';
import { parseDurationMs } from '../../core/limits/units.ts';
import { isLabel } from '../../core/tenants/tenant.ts';
import { variableValue } from '../../input-schemas.ts';
import { listenAddress } from '../address.ts';

const DURATION_MEANING = '0 or more whole seconds, or a string like "5m" or "250ms"';

export const duration = () =>
  z
    .union([z.int().min(0), z.string()], `expected a duration: ${DURATION_MEANING}`)
    .refine((value) => parseDurationMs(value) !== null, `expected a duration: ${DURATION_MEANING}`);

/** A string that `parse` understands. @param parse returns what is wrong with any other as a string */
export const parsedText = (parse: (text: string) => object | string) =>
  z.string().superRefine((text, context) => {
    const result = parse(text);
    if (typeof result === 'string') context.addIssue({ code: 'custom', message: result });
  });

export const address = () =>
  z
    .string()
    .refine(
      (text) => listenAddress(text) !== null,
      'expected an address like "127.0.0.1:8080", with a port up to 65535',
    );

export const label = () =>
  z.string().refine(isLabel, 'expected a DNS label: 1 to 63 of a-z, 0-9 and -, with no - at either end');

const DOMAIN = /^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+)*)\.?$/i;
export const domain = () => z.string().regex(DOMAIN, 'expected a domain like "example.com", or "*"');

export const count = (minimum: number) => z.int().min(minimum);
export const text = () => z.string().min(1);
/** The value of a variable of a process. */
export const variable = () =>
  z.union([variableValue, z.number(), z.boolean()], 'expected text without NUL, a number, true or false');
