/** Secrets of tenants that see only a part of the machine. */
import { it } from 'vitest';
import { expectSecretsToBeItsOwn, tellerService } from '../secret-cases.ts';
import { serve } from '../support.ts';

it.runIf(process.getuid?.() === 0).each([
  ['namespace', 'host'],
  ['namespace', 'none'],
  ['sandbox', 'host'],
  ['sandbox', 'none'],
])(
  'at isolation = "%s" with network = "%s" an instance and a command have the secrets, and nobody else',
  async (isolation, network) => {
    await expectSecretsToBeItsOwn(await serve(tellerService(`isolation = "${isolation}"\nnetwork = "${network}"`)));
  },
);
