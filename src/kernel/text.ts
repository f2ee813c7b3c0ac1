/** Text of users in messages: on one line, without control characters, and short. */

/** Controls, ends of lines, and what turns the direction of the text around. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** The text with unprintable characters escaped as in JavaScript, and cut at the limit. */
export function printable(text: string, limit = 1_000): string {
  return shortened(text, limit).replace(UNPRINTABLE, escaped);
}

/** The text in quotes. */
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
