/** How wide text is on a terminal. Only this file imports fast-string-truncated-width. */
import measure from 'fast-string-truncated-width';

/** The number of columns that the text takes. Escape sequences take none. */
export function widthOf(text: string): number {
  return measure(text).width;
}

const ELLIPSIS = '…';

/** The text, cut so that it takes no more columns than that. */
export function cut(text: string, columns: number): string {
  const { index, ellipsed, truncated } = measure(text, { limit: columns, ellipsis: ELLIPSIS });
  if (!truncated) return text;
  return ellipsed ? `${text.slice(0, index)}${ELLIPSIS}` : '';
}

/** The text with spaces, so that it takes so many columns. */
export function pad(text: string, columns: number, toTheRight = false): string {
  const spaces = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return toTheRight ? spaces + text : text + spaces;
}
