import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertTenantId, isLabel } from '../../../src/core/tenants/tenant.ts';

describe('ids', () => {
  it.each(['..', '/tmp/x', 'A', '-a', 'a-', 'a'.repeat(64), 'xn--', 'é', '', 'a.b', 'a\n', 'a b', '.tenement'])(
    '%j is refused',
    (id) => {
      expect(() => assertTenantId(id)).toThrow(expect.objectContaining({ code: 'bad_id' }));
    },
  );

  it('an accepted id never leaves its directory', () => {
    fc.assert(fc.property(fc.string(), (text) => !isLabel(text) || /^[a-z0-9-]{1,63}$/.test(text)));
  });
});
