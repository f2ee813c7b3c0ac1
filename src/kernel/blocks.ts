/** Remembers when the event loop was blocked. */

/** A timer that is late by up to this much says nothing about the event loop. */
export const MIN_LATENESS_MS = 10;

/** The most blocks to keep. Older ones are merged into one. */
const MAX_BLOCKS = 64;

interface Block {
  readonly from: number;
  readonly to: number;
}

/** The blocks of the event loop in order of time. They do not overlap. */
export class LoopBlocks {
  readonly #blocks: Block[] = [];

  /** Records that something was due at `due` and ran at `now`. */
  note(due: number, now: number): void {
    if (now - due <= MIN_LATENESS_MS) return;
    const blocks = this.#blocks;
    const from = Math.max(due, blocks.at(-1)?.to ?? -Infinity);
    if (from >= now) return;
    blocks.push({ from, to: now });
    if (blocks.length <= MAX_BLOCKS) return;
    const [first, second] = blocks.splice(0, 2) as [Block, Block];
    const blockedMs = first.to - first.from + (second.to - second.from);
    blocks.unshift({ from: second.to - blockedMs, to: second.to });
  }

  /** How long the loop is known to have been blocked since `time`. */
  since(time: number): number {
    let blockedMs = 0;
    for (const { from, to } of this.#blocks) blockedMs += Math.max(0, to - Math.max(from, time));
    return blockedMs;
  }
}
