// Time that moves only when told, in place of the host's: the package looks these functions up at
// the call, so the built package runs on it as it is. A heap, because a day has millions of timers.

const host = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  performanceNow: performance.now,
  dateNow: Date.now,
};

export class FakeTime {
  now = 0;
  /** The number of timers that have neither fired nor been cleared. */
  pending = 0;
  fired = 0;
  #epoch;
  #order = 0;
  #heap = [];

  /** @param epoch the value of Date.now() at the start */
  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  install() {
    globalThis.setTimeout = (callback, delayMs = 0, ...args) =>
      this.#set(this.now + Math.max(1, delayMs), () => callback(...args));
    globalThis.clearTimeout = (timer) => {
      if (timer?.callback === undefined) return;
      timer.callback = undefined;
      this.pending--;
    };
    performance.now = () => this.now;
    Date.now = () => this.#epoch + this.now;
  }

  uninstall() {
    globalThis.setTimeout = host.setTimeout;
    globalThis.clearTimeout = host.clearTimeout;
    performance.now = host.performanceNow;
    Date.now = host.dateNow;
  }

  /** Moves to the next timer and fires it. Returns false if none is due by `until`. */
  step(until = Infinity) {
    const heap = this.#heap;
    while (heap.length > 0 && heap[0].callback === undefined) this.#pop(); // cleared
    if (heap.length === 0 || heap[0].at > until) return false;
    const { at, callback } = heap[0];
    heap[0].callback = undefined;
    this.#pop();
    this.pending--;
    this.fired++;
    this.now = Math.max(this.now, at);
    callback();
    return true;
  }

  #set(at, callback) {
    const timer = { at, order: this.#order++, callback, unref: () => timer, ref: () => timer };
    this.pending++;
    const heap = this.#heap;
    let i = heap.length;
    for (let up; i > 0 && before(timer, heap[(up = (i - 1) >> 1)]); i = up) heap[i] = heap[up];
    heap[i] = timer;
    return timer;
  }

  #pop() {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0) return;
    let i = 0;
    for (let down; (down = 2 * i + 1) < heap.length; i = down) {
      if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
      if (!before(heap[down], last)) break;
      heap[i] = heap[down];
    }
    heap[i] = last;
  }
}

const before = (a, b) => a.at < b.at || (a.at === b.at && a.order < b.order);
