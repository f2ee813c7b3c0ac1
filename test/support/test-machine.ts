/** A machine whose processes die when the test says so, and whose clocks move by hand. */
import type { Machine } from '../../src/durable/machine.js';

export class TestMachine {
  boot = 'first-boot';
  steady = 1_000;
  date = 1_700_000_000_000;
  readonly #dead = new Set<number>();
  #processes = 0;

  /** The machine as one of its processes sees it. */
  process(): Machine & { die(): void } {
    const pid = ++this.#processes;
    let runtimes = 0;
    const pidOf = (name: string): number => Number(/\d+/.exec(name));
    return {
      mark: `${pid}.aaaaaaaa.bbbbbbbb`,
      now: () => ({ boot: this.boot, steady: this.steady, date: this.date }),
      newOwner: () => `process ${pid} (runtime ${++runtimes})`,
      isDead: (owner) => this.#dead.has(pidOf(owner)),
      isGone: (mark) => this.#dead.has(pidOf(mark)),
      die: () => this.#dead.add(pid),
    };
  }

  /** Time passes, and nobody sets a clock. */
  advance(ms: number): void {
    this.steady += ms;
    this.date += ms;
  }
}
