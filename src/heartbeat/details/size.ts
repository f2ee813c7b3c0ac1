/**
 * How large details are, and how costly to read. A copy counts one bound on its way: details take
 * at least that many bytes, and hardly more than seven times as many. Only those near a limit are
 * written to know their size.
 */
import { HeartbeatDetailsError } from '../../kernel/errors.js';

/** Details this large are data, not a cursor, and are worth a warning. */
export const LARGE_DETAILS_BYTES = 256 * 1024;

/** Temporal's limit. */
export const DEFAULT_MAX_DETAILS_BYTES = 2 * 1024 * 1024;

/** The least bytes that a container takes, text besides its characters, an index in a path. */
export const [CONTAINER, QUOTES, INDEX] = [1, 3, 2];
/** The least bytes of a note that says what a value is when JSON cannot; its path comes on top. */
export const NOTE = 8;

/** The least bytes of a primitive with its comma; `reach` is the length of its path in a note. */
export function sizeOf(value: unknown, reach: number): number {
  if (typeof value === 'string') return value.length + QUOTES;
  if (typeof value === 'boolean' || value === null) return 5;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) {
    return (value | 0) === value ? 2 : 4; // an integer of 32 bits may be one digit
  }
  return NOTE + reach + (typeof value === 'bigint' ? value.toString(16).length : 0);
}

/** The most bytes that details of a size take: all characters are escapes. */
export function mostBytes(size: number): number {
  return 7 * size + 64;
}

/** The bytes of a text in UTF-8. There is no TextEncoder everywhere. */
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
    `details: ${bytes} bytes, over the limit of ${limit} (maxHeartbeatDetailsBytes); ` +
    'keep a cursor in them, not the data';
  return new HeartbeatDetailsError(message, { path: 'details' });
}

/** Of web addresses the host, as `href` gives it, is short and ASCII; other addresses have any. */
const SHORT_HOST =
  /^(?=[ -~]*$)(?:(?:https?|wss?|ftp|file):\/\/(?:[^@/?#\\]*@)?[^@/?#\\%]{0,255}(?::\d+)?\/|(?!(?:https?|wss?|ftp|file):)[a-z])/;

/** One Unicode property in a regular expression may take the engine a millisecond to read. */
const MAX_PROPERTIES = 20;

/** Tells of one text of some details after the other whether it takes far too long to read. */
export function slowTexts(): (type: string, text: unknown) => boolean {
  let properties = 0;
  return (type, text) => {
    if (type === 'URL') return !SHORT_HOST.test(String(text));
    if (/^regexp$/i.test(type)) properties += String(text).match(/\\p/gi)?.length ?? 0;
    return properties > MAX_PROPERTIES;
  };
}
