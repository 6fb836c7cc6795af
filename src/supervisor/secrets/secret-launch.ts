/** Starts a process with the secrets of its tenant. */
import type { Launcher, LaunchRequest, LaunchResult } from '../../core/ports.ts';
import { TenementError } from '../../errors.ts';
import type { TenantSecrets } from './tenant-secrets.ts';

export interface SecretLaunchDeps {
  readonly launcher: Pick<Launcher, 'launch'>;
  readonly secrets: TenantSecrets;
}

/** A secret that is missing or cannot be decrypted is an expected failure, and returned. */
export function launchWithSecrets(request: LaunchRequest, deps: SecretLaunchDeps): Promise<LaunchResult> {
  const { tenantId, service } = request;
  return deps.secrets.concern(tenantId, service) ? launch(request, deps) : deps.launcher.launch(request);
}

async function launch(request: LaunchRequest, { launcher, secrets }: SecretLaunchDeps): Promise<LaunchResult> {
  try {
    const { versions, values } = await secrets.forStart(request.tenantId, request.service);
    return await launcher.launch({ ...request, secrets: versions }, values);
  } catch (error) {
    if (!(error instanceof TenementError)) throw error;
    return { ok: false, detail: `${error.message}. ${error.hint}` };
  }
}
