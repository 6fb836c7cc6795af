/** A header field names a tenant, if a trusted proxy sent it. */
import { isLabel } from '../../../core/tenants/tenant.ts';
import { headerValues } from '../headers.ts';
import { type SaidRefusal, SILENT, type TenantResolver } from './said.ts';

/** A proxy that adds its own field to a client's, instead of replacing it, passes on whatever a client claims. */
const TWICE: SaidRefusal = { refused: 'bad_request', why: 'several-headers' };
const NO_ID: SaidRefusal = { refused: 'unknown_tenant', why: 'header-no-id' };

/** @param name in lower case */
export function headerResolver(source: string, name: string): TenantResolver {
  return {
    source,
    resolve: ({ rawHeaders, trusted }) => {
      if (!trusted) return SILENT;
      const [value = '', ...others] = headerValues(rawHeaders, name);
      if (others.length > 0) return TWICE;
      // An empty field is how front servers say that they name none.
      if (value === '') return SILENT;
      return isLabel(value) ? { tenantId: value } : NO_ID;
    },
  };
}
