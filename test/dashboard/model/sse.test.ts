import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventReader } from '../../../src/dashboard/model/sse.ts';

const STREAM = ': keep-alive\n\nid: 7\ndata: {"a":1}\n\ndata: one\ndata: two\n\nevent: x\n\nid: 8\ndata:no space\n\n';
const EVENTS = [
  { id: '7', data: '{"a":1}' },
  { id: '7', data: 'one\ntwo' },
  { id: '8', data: 'no space' },
];

it('reads ids, data of several lines and comments', () => {
  expect(new EventReader().push(STREAM)).toEqual(EVENTS);
});

it('reads the same however the stream is cut into pieces, with every kind of line end', () => {
  fc.assert(
    fc.property(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat(STREAM.length), { maxLength: 8 }), (end, cuts) => {
      const text = `${STREAM.replaceAll('\n', end)}:\n`;
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const reader = new EventReader();
      const events = places.flatMap((from, index) => reader.push(text.slice(from, places[index + 1] ?? text.length)));
      expect(events).toEqual(EVENTS);
    }),
  );
});

it.each(['x'.repeat(1_000_000), `data: ${'x'.repeat(1_000_000)}\n`])('takes no event that never ends', (piece) => {
  const reader = new EventReader();
  expect(() => {
    for (let index = 0; index < 20; index += 1) reader.push(piece);
  }).toThrow(RangeError);
});
