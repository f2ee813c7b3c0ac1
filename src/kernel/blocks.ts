/** When the event loop is known to have been blocked. */

/** A timer that is late by no more than this says nothing about the event loop. */
export const LEAST_LATENESS_MS = 10;

/** Older blocks are kept as one. */
const MOST_BLOCKS = 64;

interface Block {
  readonly from: number;
  readonly to: number;
}

/** Blocks of the event loop in the order of time. They do not overlap. */
export class LoopBlocks {
  readonly #blocks: Block[] = [];

  /** Something was due at `due`, and its turn came at `now`. */
  note(due: number, now: number): void {
    if (now - due <= LEAST_LATENESS_MS) return;
    const blocks = this.#blocks;
    const from = Math.max(due, blocks.at(-1)?.to ?? -Infinity);
    if (from >= now) return;
    blocks.push({ from, to: now });
    if (blocks.length <= MOST_BLOCKS) return;
    const [first, second] = blocks.splice(0, 2) as [Block, Block];
    const blockedMs = first.to - first.from + (second.to - second.from);
    blocks.unshift({ from: second.to - blockedMs, to: second.to });
  }

  /** For how long the loop is known to have been blocked since then. */
  since(time: number): number {
    let blockedMs = 0;
    for (const { from, to } of this.#blocks) blockedMs += Math.max(0, to - Math.max(from, time));
    return blockedMs;
  }
}
