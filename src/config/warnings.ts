/** What is accepted but does less than its reader may think: nothing is ignored in silence. */
import type { ConfigInput, ServiceInput } from './schema.ts';

const ALWAYS_SET = ['TENANT_ID', 'SERVICE_NAME', 'DATA_DIR', 'SOCKET_PATH'];

export function warningsOf(input: ConfigInput): string[] {
  return [...Object.entries(input.service).flatMap(([name, service]) => serviceWarnings(name, service))];
}

function serviceWarnings(name: string, service: ServiceInput): string[] {
  const overridden = Object.keys(service.env).filter((key) => ALWAYS_SET.includes(key));
  return overridden.map((key) => `service.${name}.env.${key}: tenement sets this itself`);
}
