import { expect, it } from 'vitest';
import { OrderQueue, type Urgency } from '../../../src/core/acme/order-queue.ts';

const order = (name: string, tenantId: string | null, urgency: Urgency = 'background') => ({ name, tenantId, urgency });
const everyone = () => true;

function taken(queue: OrderQueue, allows: (tenantId: string | null) => boolean = everyone): string[] {
  const names: string[] = [];
  for (let next = queue.take(allows); next !== null; next = queue.take(allows)) names.push(next.name);
  return names;
}

it('tenants take turns, whatever the number of their names', () => {
  const queue = new OrderQueue();
  for (const name of ['a1', 'a2', 'a3']) queue.add(order(name, 'a'));
  queue.add(order('b1', 'b'));
  queue.add(order('*.apps', null));
  expect(taken(queue)).toEqual(['a1', 'b1', '*.apps', 'a2', 'a3']);
});

it('a name that a client waits for comes before the others of its tenant', () => {
  const queue = new OrderQueue();
  for (const name of ['a1', 'a2', 'a3']) queue.add(order(name, 'a'));
  queue.add(order('a3', 'a', 'handshake'));
  queue.add(order('a3', 'a', 'background'));
  expect(queue.size).toBe(3);
  expect(taken(queue)).toEqual(['a3', 'a1', 'a2']);
});

it('a tenant that may not begin one keeps its place', () => {
  const queue = new OrderQueue();
  queue.add(order('a1', 'a'));
  queue.add(order('b1', 'b'));
  expect(taken(queue, (tenantId) => tenantId !== 'a')).toEqual(['b1']);
  queue.remove('unknown');
  expect(taken(queue)).toEqual(['a1']);
  expect(queue.size).toBe(0);
});
