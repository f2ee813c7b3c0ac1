/**
 * How large details are, and how costly to read. While copying, we count a lower bound: the details
 * take at least that many bytes and at most about seven times as many. Only details near a limit are
 * encoded to find out their size.
 */
import { HeartbeatDetailsError } from '../../kernel/errors.js';

/** Larger details cause a warning: they are probably data, not a cursor. */
export const LARGE_DETAILS_BYTES = 256 * 1024;

/** The default of `maxHeartbeatDetailsBytes`, which is Temporal's limit. */
export const DEFAULT_MAX_DETAILS_BYTES = 2 * 1024 * 1024;

/** The minimum bytes of a container, of a text besides its characters, and of an index in a path. */
export const [CONTAINER, QUOTES, INDEX] = [1, 3, 2];
/** The minimum bytes of a note about a value that JSON cannot hold, without its path. */
export const NOTE = 8;

/** The minimum bytes of a primitive with its comma; `reach` is the length of its path in a note. */
export function sizeOf(value: unknown, reach: number): number {
  if (typeof value === 'string') return value.length + QUOTES;
  if (typeof value === 'boolean' || value === null) return 5;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) {
    return (value | 0) === value ? 2 : 4; // an integer of 32 bits may be one digit
  }
  return NOTE + reach + (typeof value === 'bigint' ? value.toString(16).length : 0);
}

/** The maximum bytes of details of a counted size, if every character has to be escaped. */
export function mostBytes(size: number): number {
  return 7 * size + 64;
}

/** The bytes of a text in UTF-8. Not every platform has a TextEncoder. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}

/**
 * The bytes of a text.
 *
 * @throws HeartbeatDetailsError if they are over the limit
 */
export function checkSize(text: string, limit: number): number {
  const bytes = utf8Bytes(text);
  if (bytes > limit) throw tooLarge(String(bytes), limit);
  return bytes;
}

export function tooLarge(bytes: string, limit: number): HeartbeatDetailsError {
  const message =
    `details: ${bytes} bytes, but maxHeartbeatDetailsBytes is ${limit}; ` +
    'keep a cursor, not the data';
  return new HeartbeatDetailsError(message, { path: 'details' });
}

/** Matches addresses that are fast to read: the host of a web address is short and ASCII. */
const SHORT_HOST =
  /^(?=[ -~]*$)(?:(?:https?|wss?|ftp|file):\/\/(?:[^@/?#\\]*@)?[^@/?#\\%]{0,255}(?::\d+)?\/|(?!(?:https?|wss?|ftp|file):)[a-z])/;

/** The most Unicode properties in regular expressions. Reading one may take a millisecond. */
const MAX_PROPERTIES = 20;

/** Makes a check for the texts of one value: whether reading them would take far too long. */
export function slowTexts(): (type: string, text: unknown) => boolean {
  let properties = 0;
  return (type, text) => {
    if (type === 'URL') return !SHORT_HOST.test(String(text));
    if (/^regexp$/i.test(type)) properties += String(text).match(/\\p/gi)?.length ?? 0;
    return properties > MAX_PROPERTIES;
  };
}
