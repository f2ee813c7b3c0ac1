/**
 * Ids as parts of addresses. An id may have half of a character, which an address cannot have, so it
 * is escaped as in JSON first.
 */

export function toAddress(id: string): string {
  return encodeURIComponent(JSON.stringify(id).slice(1, -1));
}

/** @param text a part of an address after `decodeURIComponent` */
export function fromAddress(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text; // somebody has typed the address
  }
}
