/** A binary min-heap: the smallest first, adding and taking in O(log n). */
export class Heap<T extends { readonly order: number }> {
  readonly #items: T[] = [];

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let hole = items.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent];
      if (above === undefined || above.order <= item.order) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || top === last) return top;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      const left = items[child];
      if (left === undefined) break;
      const right = items[child + 1];
      let smaller = left;
      if (right !== undefined && right.order < left.order) [smaller, child] = [right, child + 1];
      if (smaller.order >= last.order) break;
      items[hole] = smaller;
      hole = child;
    }
    items[hole] = last;
    return top;
  }

  clear(): void {
    this.#items.length = 0;
  }
}
