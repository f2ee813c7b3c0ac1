/** How wide text is on a terminal. Only this file imports fast-string-truncated-width. */
import measure from 'fast-string-truncated-width';

/** Counts the columns that the text takes. Escape sequences take none. */
export function widthOf(text: string): number {
  return measure(text).width;
}

const ELLIPSIS = '…';
/** What a reader sees as one character may be several: a letter with its marks, a family of emoji. */
const characters = /* @__PURE__ */ new Intl.Segmenter();

/** Cuts the text, so that it takes no more columns than that. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let room = columns - widthOf(ELLIPSIS);
  if (room < 0) return '';
  for (const { segment, index } of characters.segment(text)) {
    room -= widthOf(segment);
    if (room < 0) return text.slice(0, index) + ELLIPSIS;
  }
  return text;
}

/** Fills the text up with spaces, to that number of columns. */
export function pad(text: string, columns: number, toTheRight = false): string {
  const spaces = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return toTheRight ? spaces + text : text + spaces;
}
