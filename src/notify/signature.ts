/** Signatures of Standard Webhooks (https://www.standardwebhooks.com), scheme v1: HMAC-SHA256. */
import { createHmac } from 'node:crypto';

export interface Signed {
  readonly id: string;
  /** Time of the attempt, in seconds since the epoch. */
  readonly timestampS: number;
  readonly body: string;
}

/** Returns the headers of a message. With several keys there is a signature for each; with none, no signature. */
export function webhookHeaders({ id, timestampS, body }: Signed, keys: readonly Buffer[]): Record<string, string> {
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  };
}
