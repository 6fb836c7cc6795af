import { expect, test } from 'vitest';
import { messageBody, messageId } from '../../../src/core/notify/message.ts';
import { NOTIFIABLE_TYPES, receiverOf, wantsEvent } from '../../../src/core/notify/notify-target.ts';
import type { TenementEvent } from '../../../src/core/stores/event-log.ts';

const EVENT: TenementEvent = {
  seq: 42,
  atMs: 0,
  type: 'failed',
  instance: 'api:acme',
  tenant: 'acme',
  message: 'crashes',
  data: { pid: 7 },
  actor: 'system',
  tokenId: null,
  address: null,
};

test('a body has type, timestamp and the event as the API shows it', () => {
  expect(JSON.parse(messageBody(EVENT))).toEqual({
    type: 'failed',
    timestamp: '1970-01-01T00:00:00.000Z',
    data: {
      seq: 42,
      at: '1970-01-01T00:00:00.000Z',
      type: 'failed',
      instance: 'api:acme',
      tenant: 'acme',
      message: 'crashes',
      data: { pid: 7 },
      actor: 'system',
      tokenId: null,
      address: null,
    },
  });
});

test('a body over 64 KiB goes without the data', () => {
  const body = messageBody({ ...EVENT, message: 'x'.repeat(1e6), data: { changes: ['y'.repeat(1e6)] } });
  expect(body.length).toBeLessThan(2000);
  expect(JSON.parse(body).data).toMatchObject({ seq: 42, data: { truncated: true } });
});

test('the id of a message has number and time of its event, so that another registry has other ids', () => {
  expect(messageId({ seq: 42, atMs: 1_790_000_000_000 })).toBe('evt_42_mubbs7i8');
});

test('a target wants the types that it names, or all but those about notifications', () => {
  const target = { url: 'https://example.com/', events: ['failed'], secretFile: null, allowPrivate: false };
  expect([wantsEvent(target, 'failed'), wantsEvent(target, 'woke')]).toEqual([true, false]);
  const all = { ...target, events: null };
  expect(NOTIFIABLE_TYPES.every((type) => wantsEvent(all, type))).toBe(true);
  expect(['notify-given-up', 'notify-dropped'].some((type) => wantsEvent(all, type))).toBe(false);
});

test('a receiver is named without path and query, which may be secret', () => {
  expect(receiverOf('https://hooks.example.com:8443/T0/B0/secret?token=x')).toBe('https://hooks.example.com:8443');
});
