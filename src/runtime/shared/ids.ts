/** Unique ids, and tokens that cannot be guessed. */

const BYTES = 16;

/** 16 random bytes in base64url: 22 characters. */
export function randomToken(): string {
  return tokenText(crypto.getRandomValues(new Uint8Array(BYTES)));
}

/** A token in the form of `randomToken`, from base64, base64url or bytes. */
export function tokenText(token: string | Uint8Array): string {
  const base64 =
    typeof token === 'string'
      ? token
      : btoa(Array.from(token, (byte) => String.fromCharCode(byte)).join(''));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Makes ids for activities without one. They are unique in the world, and cheap after the first. */
export class GeneratedIds {
  #prefix: string | undefined;
  #count = 0;

  next(): string {
    this.#prefix ??= randomToken();
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
