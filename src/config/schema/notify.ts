/** The tables `[[notify]]`. */
import { z } from 'zod';
import { NOTIFIABLE_TYPES } from '../../core/notify/notify-target.ts';
import { nearest } from '../problems/nearest.ts';
import { text } from './values.ts';

/** The longest URL that common servers take. */
const MAX_URL_CHARS = 2000;

const eventName = () => z.enum(['*', ...NOTIFIABLE_TYPES], { error: ({ input }) => unknownEvent(input) });

export const notifySchema = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(MAX_URL_CHARS)
    .describe('The receiver, which gets a POST for each event; http or https. Each receiver has one table.'),
  events: z
    .array(eventName())
    .min(1)
    .describe('Types of the events that are sent, as `tenement events` shows them; `["*"]`: all.'),
  secret_file: text()
    .optional()
    .describe(
      'File with the secret that signs messages: `whsec_` and 24 to 64 bytes in base64. While a secret is replaced, one a line. Only its owner and group may read it. Without it, messages are not signed.',
    ),
  allow_private: z
    .boolean()
    .default(false)
    .describe('Whether the receiver may be on this machine or in a private network; otherwise it is not contacted.'),
});

export type NotifyInput = z.output<typeof notifySchema>;

function unknownEvent(input: unknown): string {
  if (typeof input !== 'string') return `expected the name of an event, but this is ${JSON.stringify(input)}`;
  const near = nearest(input, NOTIFIABLE_TYPES);
  const known = near === null ? `known are ${NOTIFIABLE_TYPES.join(', ')}` : `did you mean "${near}"?`;
  return `expected the name of an event, but this is ${JSON.stringify(input)}; ${known}`;
}
