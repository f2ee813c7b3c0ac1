/** How a runtime handles heartbeat details: it checks, copies and encodes them. */
import { copyDetails } from './copy.js';
import { DetailsEncoding, type DetailsSerializer } from './encoding.js';
import { DEFAULT_MAX_DETAILS_BYTES, LARGE_DETAILS_BYTES, checkSize, mostBytes } from './size.js';

/** The private copy of details that a heartbeat took. Users only get copies of it. */
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
   * @throws HeartbeatDetailsError for details that cannot be copied or are over the limit
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

  /** A fresh copy of a snapshot, which the user may change. */
  copy(snapshot: Snapshot | undefined): unknown {
    return copyDetails(snapshot, this.#encoding.registered).value;
  }

  encode(snapshot: Snapshot): string {
    return this.#encoding.encode(snapshot);
  }

  /** Reads details from a text. Throws for every text that `encode` did not write. */
  decode(text: string): Snapshot {
    checkSize(text, this.#maxBytes);
    return copyDetails(this.#encoding.decode(text), this.#encoding.registered).value as Snapshot;
  }
}
