/** Names that nobody can guess, and that never repeat. */

const BYTES = 16;

/** 16 random bytes in base64url: 22 characters. */
export function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
