import { expect, test } from 'vitest';
import { signingKeys } from '../../src/core/notify/signing-secrets.ts';
import { webhookHeaders } from '../../src/notify/signature.ts';

/** The example that the Standard Webhooks libraries test themselves with. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  signed: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

function keysOf(text: string): readonly Buffer[] {
  const keys = signingKeys(text);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}

test("a signature is that of Standard Webhooks' own example", () => {
  expect(webhookHeaders(EXAMPLE.signed, keysOf(EXAMPLE.secret))).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': EXAMPLE.signature,
  });
});

test('two secrets make two signatures, separated by a blank', () => {
  const other = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const signatures = webhookHeaders(EXAMPLE.signed, keysOf(`${other}\n${EXAMPLE.secret}`))['webhook-signature'];
  expect(signatures?.split(' ')).toEqual([expect.stringMatching(/^v1,/), EXAMPLE.signature]);
});

test('without a secret there is no signature', () => {
  expect(webhookHeaders(EXAMPLE.signed, [])).not.toHaveProperty('webhook-signature');
});
