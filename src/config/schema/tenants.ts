/** The table `[tenants]`. */
import { z } from 'zod';
import { label } from './values.ts';

export const tenantsSchema = z.strictObject({
  default_plan: label()
    .optional()
    .describe('The plan of tenants that were given none: the NAME of a `[plan.NAME]`. Without it they have no plan.'),
});
