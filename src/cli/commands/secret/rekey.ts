/** `tenement secret rekey`: encrypts all secrets with a new key. */
import type { Command } from 'commander';
import { TenementError } from '../../../errors.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type RekeyOptions = GlobalOptions & { readonly json?: boolean };

export function rekeyCommand(secret: Command, io: CliIo): void {
  secret
    .command('rekey')
    .description('encrypt all secrets with a new key; with the systemd credential tenement-key, with that one')
    .option('--json', 'print the outcome as JSON')
    .action((_options, command: Command) => rekey(command.optsWithGlobals<RekeyOptions>(), io));
}

async function rekey(options: RekeyOptions, io: CliIo): Promise<void> {
  const change = await withClient(options, io, (client) => client.secrets.changeKey());
  const { secrets, keyId, unreadable } = change;
  if (options.json === true) await printJson(io, change);
  else await print(io, `encrypted ${secrets === 1 ? '1 secret' : `${secrets} secrets`} with the key ${keyId}`);
  if (unreadable.length === 0) return;
  throw new TenementError('secrets_locked', `no key opens ${unreadable.join(', ')}`, {
    hint: 'Set them again: `tenement secret set TENANT NAME`.',
  });
}
