/**
 * The newest heartbeat of a function, in memory that threads share. It can be read even if the
 * function's thread is busy, stuck or dead.
 *
 * Details are in one of three slots. The writer owns one and the reader another. Each swaps its own
 * for the third one, in the middle. So neither waits for the other, and nothing is read half written.
 */

/** The fields of the header: the middle slot, whether it is new, and so on. */
const MIDDLE = 0;
const READERS = 1;
const READING = 2;
const BEATS = 3;
const CALLS = 4;
const TASK = 5;
const WATCHED = 6;
const LEFT = 7;

const HEADER_BYTES = 64;
/** The start of each slot: a number, the length of the text, which details these are, and whose. */
const SLOT_HEADER_BYTES = 24;
/** The bit of `MIDDLE` that says that nobody has read that slot yet. */
const UNREAD = 4;
const IS_NUMBER = -1;

/** The attempt of a mailbox for which no function runs. */
export const NO_TASK = 0;

/** The limit of heartbeat details. No text is longer. */
export const MAX_DETAILS_BYTES = 2 * 1024 * 1024;
const SLOT_BYTES = SLOT_HEADER_BYTES + MAX_DETAILS_BYTES;

/** The form in which details are sent: numbers as they are, and everything else as text. */
export type SentDetails = number | string;

/** What has come since the mailbox was last read. */
export interface Delivery {
  /** The attempt that has heartbeated. */
  readonly task: number;
  /** The number of heartbeats. */
  readonly beats: number;
  /** The number of the details, so that older ones that come in another way are recognised. */
  readonly order: number;
  /** The newest details; undefined if no heartbeat has had any. */
  readonly details: SentDetails | undefined;
}

/** Whether a delivery has something that the one with so many heartbeats did not have. */
export function isNew({ beats, details }: Delivery, before: number): boolean {
  return beats !== before || details !== undefined; // details come shortly before their heartbeat
}

interface Slot {
  readonly numbers: Float64Array;
  readonly words: Int32Array;
  readonly bytes: Buffer;
}

export class Mailbox {
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #slots: readonly Slot[];
  /** The writer's slot. */
  #own = 0;
  #order = 0;

  /** @param memory the mailbox of the other side; undefined makes a new one */
  constructor(memory?: SharedArrayBuffer) {
    // Pages that are never written take no memory.
    this.memory = memory ?? new SharedArrayBuffer(HEADER_BYTES + 3 * SLOT_BYTES);
    this.#header = new Int32Array(this.memory, 0, HEADER_BYTES / 4);
    this.#slots = [0, 1, 2].map((index) => {
      const at = HEADER_BYTES + index * SLOT_BYTES;
      return {
        numbers: new Float64Array(this.memory, at, 1),
        words: new Int32Array(this.memory, at + 8, 3),
        bytes: Buffer.from(this.memory, at + SLOT_HEADER_BYTES, MAX_DETAILS_BYTES),
      };
    });
    if (memory !== undefined) return;
    this.#header[MIDDLE] = 1;
    this.#header[READERS] = 2;
  }

  // ── The writer ───────────────────────────────────────────────────────────────────────────────

  /** Puts in new details, which replace unread ones. Returns their number. */
  put(details: SentDetails): number {
    const slot = this.#slot(this.#own);
    if (typeof details === 'number') {
      slot.numbers[0] = details;
      slot.words[0] = IS_NUMBER;
    } else {
      slot.words[0] = slot.bytes.write(details);
    }
    slot.words[1] = ++this.#order;
    slot.words[2] = this.task;
    this.#own = Atomics.exchange(this.#header, MIDDLE, this.#own | UNREAD) & ~UNREAD;
    return this.#order;
  }

  beat(): void {
    Atomics.add(this.#header, BEATS, 1);
  }

  // ── The reader ───────────────────────────────────────────────────────────────────────────────

  /** Takes what has come; undefined if another reader is reading at the moment. */
  take(): Delivery | undefined {
    const header = this.#header;
    if (Atomics.compareExchange(header, READING, 0, 1) !== 0) return undefined;
    try {
      const { task } = this;
      const beats = Atomics.load(header, BEATS);
      if ((Atomics.load(header, MIDDLE) & UNREAD) === 0) {
        return { task, beats, order: 0, details: undefined };
      }
      const read = Atomics.exchange(header, MIDDLE, header[READERS] ?? 0) & ~UNREAD;
      header[READERS] = read;
      const { numbers, words, bytes } = this.#slot(read);
      const [length = 0, order = 0, putBy = NO_TASK] = words;
      const details = length === IS_NUMBER ? numbers[0] : bytes.toString('utf8', 0, length);
      return { task: putBy, beats, order, details };
    } finally {
      Atomics.store(header, READING, 0);
    }
  }

  // ── Calls to the function's thread ───────────────────────────────────────────────────────────

  /** Called when a message waits at the port of the function's thread, which may never yield. */
  call(): void {
    Atomics.add(this.#header, CALLS, 1);
    Atomics.notify(this.#header, CALLS);
  }

  /** Blocks this thread while the number of such messages is this one. */
  waitForCall(calls: number): void {
    Atomics.wait(this.#header, CALLS, calls);
  }

  /** The number of such messages. */
  get calls(): number {
    return Atomics.load(this.#header, CALLS);
  }

  // ── Whether anybody looks into it ────────────────────────────────────────────────────────────

  /** The attempt whose function runs, so that heartbeats may come; `NO_TASK` if none does. */
  get task(): number {
    return Atomics.load(this.#header, TASK);
  }

  setTask(task: number): void {
    Atomics.store(this.#header, TASK, task);
  }

  /** Whether somebody looks into it from time to time. */
  get watched(): boolean {
    return Atomics.load(this.#header, WATCHED) === 1;
  }

  setWatched(watched: boolean): void {
    Atomics.store(this.#header, WATCHED, watched ? 1 : 0);
  }

  // ── Whether the program is gone ──────────────────────────────────────────────────────────────

  /** Called when the program is gone: no function may begin any more. */
  leave(): void {
    Atomics.store(this.#header, LEFT, 1);
  }

  get left(): boolean {
    return Atomics.load(this.#header, LEFT) === 1;
  }

  #slot(index: number): Slot {
    return this.#slots[index] as Slot;
  }
}
