/** A binary min-heap: the smallest item is first, and push and pop take O(log n). */
export class Heap<T extends { readonly order: number }> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

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
    if (last !== undefined && top !== last) this.#sink(last, 0);
    return top;
  }

  /** Drops all items that should not be kept, in O(n). */
  sweep(keep: (item: T) => boolean): void {
    const items = this.#items;
    let kept = 0;
    for (const item of items) if (keep(item)) items[kept++] = item;
    items.length = kept;
    for (let hole = (kept >> 1) - 1; hole >= 0; hole--) this.#sink(items[hole] as T, hole);
  }

  clear(): void {
    this.#items.length = 0;
  }

  #sink(item: T, hole: number): void {
    const items = this.#items;
    for (;;) {
      let child = 2 * hole + 1;
      const left = items[child];
      if (left === undefined) break;
      const right = items[child + 1];
      let smaller = left;
      if (right !== undefined && right.order < left.order) [smaller, child] = [right, child + 1];
      if (smaller.order >= item.order) break;
      items[hole] = smaller;
      hole = child;
    }
    items[hole] = item;
  }
}
