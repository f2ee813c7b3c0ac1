/** A runtime's way with heartbeat details: what they may be, how large, and how they are copied. */
import { copyDetails } from './copy.js';
import { DetailsEncoding, type DetailsSerializer } from './encoding.js';
import { DEFAULT_MAX_DETAILS_BYTES, LARGE_DETAILS_BYTES, checkSize, mostBytes } from './size.js';

/** Details as taken at a heartbeat: a copy nobody else holds, so never handed out itself. */
export type Snapshot = string | number | boolean | bigint | object | null;

export class DetailsCodec {
  readonly #encoding: DetailsEncoding;
  readonly #maxBytes: number;

  constructor(serializer: DetailsSerializer | undefined, maxBytes: number | undefined) {
    this.#encoding = new DetailsEncoding(serializer);
    this.#maxBytes = maxBytes ?? DEFAULT_MAX_DETAILS_BYTES;
  }

  /**
   * @param onLarge called with the size of details over 256 KiB
   * @throws HeartbeatDetailsError for what cannot be kept, or is over the limit
   */
  snapshot(details: Snapshot, onLarge: (bytes: number) => void): Snapshot {
    if (typeof details === 'number') return details;
    const { value, size } = copyDetails(details, this.#encoding.registered, this.#maxBytes);
    if (mostBytes(size) > Math.min(LARGE_DETAILS_BYTES, this.#maxBytes)) {
      const bytes = checkSize(this.#encoding.encode(value), this.#maxBytes);
      if (bytes > LARGE_DETAILS_BYTES) onLarge(bytes);
    }
    return value as Snapshot;
  }

  /** A fresh copy of a snapshot, for the user to keep. */
  copy(snapshot: Snapshot | undefined): unknown {
    return copyDetails(snapshot, this.#encoding.registered).value;
  }

  encode(snapshot: Snapshot): string {
    return this.#encoding.encode(snapshot);
  }

  /** The details of a text. Throws for everything that `encode` has not written. */
  decode(text: string): Snapshot {
    checkSize(text, this.#maxBytes);
    return copyDetails(this.#encoding.decode(text), this.#encoding.registered).value as Snapshot;
  }
}
