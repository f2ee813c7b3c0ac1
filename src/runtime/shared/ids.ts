/** Names that never repeat, and tokens that nobody can guess. */

const BYTES = 16;

/** 16 random bytes in base64url: 22 characters. */
export function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Ids of activities that were given none: unique in the world, and cheap after the first. */
export class GeneratedIds {
  #prefix: string | undefined;
  #count = 0;

  next(): string {
    this.#prefix ??= randomToken();
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
