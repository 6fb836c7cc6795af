/** The first segments of the path name a tenant, as `/t/acme/…`. */
import { isAmbiguous, pathMatch } from '../../../core/identity/tenant-path.ts';
import { type SaidRefusal, SILENT, type TenantResolver } from './said.ts';

const AMBIGUOUS: SaidRefusal = { refused: 'bad_request', why: 'ambiguous-path' };

/** @param prefix as in `TenantSource` */
export function pathResolver(source: string, prefix: string): TenantResolver {
  return {
    source,
    resolve: ({ path }) => {
      const match = pathMatch(path, prefix);
      if (isAmbiguous(path, prefix, match)) return AMBIGUOUS;
      return match ?? SILENT;
    },
  };
}
