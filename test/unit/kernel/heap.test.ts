import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../../src/kernel/heap.js';

type Step = number | 'pop' | 'sweep';

test('a heap gives the smallest item first, whatever was pushed, popped or swept before', () => {
  const step = fc.oneof(
    { arbitrary: fc.nat(50), weight: 6 },
    { arbitrary: fc.constant<Step>('pop'), weight: 3 },
    { arbitrary: fc.constant<Step>('sweep'), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new Heap<{ order: number }>();
      let model: number[] = [];
      for (const one of steps) {
        if (typeof one === 'number') {
          heap.push({ order: one });
          model.push(one);
        } else if (one === 'pop') {
          const smallest = model.length === 0 ? undefined : Math.min(...model);
          expect(heap.first?.order).toBe(smallest);
          expect(heap.pop()?.order).toBe(smallest);
          if (smallest !== undefined) model.splice(model.indexOf(smallest), 1);
        } else {
          heap.sweep(({ order }) => order % 3 !== 0);
          model = model.filter((order) => order % 3 !== 0);
        }
        expect(heap.size).toBe(model.length);
      }
      const rest = model.map(() => heap.pop()?.order);
      expect(rest).toEqual(model.sort((a, b) => a - b));
      heap.push({ order: 1 });
      heap.clear();
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
