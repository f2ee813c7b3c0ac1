/** Puts users' text into messages: on one line, short, and without control characters. */

/** Control characters, line ends, and characters that change the direction of the text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** The text, cut at the limit, with unprintable characters escaped as in JavaScript. */
export function printable(text: string, limit = 1_000): string {
  return shortened(text, limit).replace(UNPRINTABLE, escaped);
}

/** The text in quotes, cut at the limit and escaped. */
export function quote(text: string, limit = 60): string {
  return JSON.stringify(shortened(text, limit)).replace(UNPRINTABLE, escaped);
}

export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

export function shortened(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character] ?? `\\u${code}`;
}
