/** /api/certificates: certificates by ACME. */
import type { CertificateView } from '../../core/acme/certificate-view.ts';
import { TenementError } from '../../errors.ts';
import { type Access, sees } from '../access/access.ts';
import { needs } from '../access/authorize.ts';
import type { ApiContext } from '../context.ts';
import {
  certificateParams,
  certificateSchema,
  certificatesQuery,
  certificatesSchema,
} from '../schemas/certificates.ts';
import { noBody, problemAnswer } from '../schemas/instances.ts';
import type { Api } from '../zod-provider.ts';

export function certificateRoutes(api: Api, { deps: { certificates } }: ApiContext): void {
  api.get(
    '/api/certificates',
    {
      config: needs('read', 'visible'),
      schema: {
        summary: 'List the certificates by ACME, by name',
        querystring: certificatesQuery,
        response: { 200: certificatesSchema, '4xx': problemAnswer },
      },
    },
    async ({ access, query }) => ({ certificates: certificates.list(query).filter((one) => isVisible(one, access)) }),
  );
  api.post(
    '/api/certificates/:name/renew',
    {
      config: needs('manage', 'visible'),
      schema: {
        summary: 'Order a certificate now; answers when the order has ended',
        params: certificateParams,
        body: noBody,
        response: { 200: certificateSchema, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async ({ access, params }) => {
      const name = params.name.toLowerCase();
      if (
        access.grants.scope.kind !== 'admin' &&
        !certificates.list().some((one) => one.name === name && isVisible(one, access))
      )
        throw new TenementError(
          'unknown_certificate',
          `there is no certificate of ${JSON.stringify(name.slice(0, 260))}`,
        );
      return certificates.renew(name, access.actor);
    },
  );
}

/** The server's own are those of an admin. */
function isVisible({ tenant }: CertificateView, access: Access): boolean {
  if (tenant === null) return access.grants.scope.kind === 'admin';
  return sees(access, { service: null, tenantId: tenant });
}
