/** A runtime's way with heartbeat details: what they may be, how large, and how they are copied. */
import { HeartbeatDetailsError } from '../../kernel/failures.js';
import {
  decodeDetails,
  defaultSerializer,
  encodeDetails,
  registeredInstances,
  type DetailsSerializer,
} from './encoding.js';
import { copyDetails, type CopyInstance } from './copy.js';

/** Details this large are data, not a cursor; worth a warning. */
export const LARGE_DETAILS_BYTES = 256 * 1024;

/** Temporal's limit. */
export const DEFAULT_MAX_DETAILS_BYTES = 2 * 1024 * 1024;

/** The UTF-8 bytes that one unit of a copy's `length` stands for at most. */
const MOST_BYTES_PER_UNIT = 6;
/** And those of what is written around it. */
const FRAME_BYTES = 16;

/** Details as taken at a heartbeat: a copy nobody else holds, so never handed out itself. */
export type Snapshot = string | number | boolean | bigint | object | null;

export class DetailsCodec {
  readonly #serializer: DetailsSerializer;
  readonly #maxBytes: number;
  /** A copy whose text is sure to be longer need not be finished, nor written. */
  readonly #enough: number;
  readonly #copyInstance: CopyInstance;

  constructor(serializer: DetailsSerializer | undefined, maxBytes: number | undefined) {
    this.#serializer = serializer ?? defaultSerializer();
    this.#maxBytes = maxBytes ?? DEFAULT_MAX_DETAILS_BYTES;
    // A serializer of the user's may write less than JSON would.
    this.#enough = serializer === undefined ? this.#maxBytes : Infinity;
    this.#copyInstance = registeredInstances(this.#serializer);
  }

  /**
   * @param onLarge called with the size of details over 256 KiB
   * @throws HeartbeatDetailsError for what cannot be kept, or is over the limit
   */
  snapshot(details: Snapshot, onLarge: (bytes: number) => void): Snapshot {
    if (typeof details === 'number') return details;
    const { value, length, least } = copyDetails(details, this.#copyInstance, this.#enough);
    if (least > this.#enough) throw this.#tooLarge(`more than ${least}`);
    // Nearly all details are far too small for their exact size to matter.
    if (
      length * MOST_BYTES_PER_UNIT + FRAME_BYTES >
      Math.min(LARGE_DETAILS_BYTES, this.#maxBytes)
    ) {
      this.#checkSize(value, onLarge);
    }
    return value as Snapshot;
  }

  /** A fresh copy of a snapshot, for the user to keep. */
  copy(snapshot: Snapshot | undefined): unknown {
    if (typeof snapshot !== 'object' || snapshot === null) return snapshot;
    return copyDetails(snapshot, this.#copyInstance).value;
  }

  encode(snapshot: Snapshot): string {
    return encodeDetails(snapshot, this.#serializer);
  }

  /** Throws for a text that does not hold details. */
  decode(text: string): Snapshot {
    return copyDetails(decodeDetails(text, this.#serializer), this.#copyInstance).value as Snapshot;
  }

  #checkSize(value: unknown, onLarge: (bytes: number) => void): void {
    let text: string;
    try {
      text = this.encode(value as Snapshot);
    } catch (cause) {
      const message = 'details: the serializer cannot write them';
      throw new HeartbeatDetailsError(message, { path: 'details', cause });
    }
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > this.#maxBytes) throw this.#tooLarge(String(bytes));
    if (bytes > LARGE_DETAILS_BYTES) onLarge(bytes);
  }

  #tooLarge(bytes: string): HeartbeatDetailsError {
    return new HeartbeatDetailsError(
      `details: ${bytes} bytes, over the limit of ${this.#maxBytes} (maxHeartbeatDetailsBytes); ` +
        'keep a cursor in them, not the data',
      { path: 'details' },
    );
  }
}
