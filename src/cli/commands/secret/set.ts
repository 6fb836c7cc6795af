/** `tenement secret set`: sets a secret to what stdin has, or to what is typed. */
import type { Command } from 'commander';
import { assertSecretName, assertSecretValue } from '../../../core/secrets/secret-rules.ts';
import { assertTenantId } from '../../../core/tenants/tenant.ts';
import { TenementError } from '../../../errors.ts';
import { type CliIo, print, printJson } from '../../output/io.ts';
import { type GlobalOptions, withClient } from '../../target.ts';

type SetOptions = GlobalOptions & { readonly json?: boolean };

export function setCommand(secret: Command, io: CliIo): void {
  secret
    .command('set')
    .description('set a secret to what stdin has; at a terminal, to what is typed, which is not shown')
    .argument('<tenant>', 'the tenant')
    .argument('<name>', 'the name of the secret')
    .option('--json', 'print the secret as JSON, without its value')
    .allowExcessArguments()
    .action((tenant: string, name: string, _options, command: Command) =>
      set(tenant, name, command.args.length > 2, command.optsWithGlobals<SetOptions>(), io),
    );
}

async function set(tenant: string, name: string, hasValue: boolean, options: SetOptions, io: CliIo): Promise<void> {
  if (hasValue || name.includes('=')) throw valueAsArgument();
  assertTenantId(tenant);
  assertSecretName(name);
  const value = await readValue(tenant, name, io);
  assertSecretValue(name, value);
  const view = await withClient(options, io, (client) => client.secrets.set(tenant, name, value));
  if (options.json === true) return printJson(io, view);
  await print(io, `${name} of ${tenant} has version ${view.version}`);
}

/** Shows nothing of the value. */
function valueAsArgument(): TenementError {
  return new TenementError('usage', 'the value of a secret is no argument: every user of this machine may read it', {
    hint:
      'It is in the history of the shell now, so use another value. Type it when it is asked for, or pipe it: ' +
      '`tenement secret set ID NAME < FILE`.',
  });
}

/** The newline that ends a line of text is not part of the value. */
async function readValue(tenant: string, name: string, io: CliIo): Promise<string> {
  const text = await io.readSecret(`Value of ${name} for ${tenant} (not shown): `);
  const value = text.replace(/\r?\n$/, '');
  if (value !== '') return value;
  throw new TenementError('bad_input', `${name}: the value is empty, so nothing is changed`, {
    hint: `Pipe the value to the command; \`tenement secret rm ${tenant} ${name}\` removes a secret.`,
  });
}
