/** Writes XML. Everything that comes from users goes through `escape`. */

const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that XML cannot hold: some controls, halves of surrogate pairs, and non-characters. */
const IMPOSSIBLE =
  // eslint-disable-next-line no-control-regex -- it finds the controls to leave them out
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Plain ASCII without the characters that have a meaning in XML. */
const HARMLESS = /^[ !#-%(-;=?-~\n]*$/;

/** The text as content or as the value of an attribute. */
export function escape(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text.replace(IMPOSSIBLE, '\ufffd').replace(/[&<>"']/g, (one) => SPECIAL[one] ?? one);
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** @param content markup, not text */
export function element(name: string, attributes: Attributes, content?: string): string {
  let tag = `<${name}`;
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    tag += ` ${key}="${typeof value === 'number' ? round(value) : escape(value)}"`;
  }
  return content === undefined ? `${tag}/>` : `${tag}>${content}</${name}>`;
}

export function text(attributes: Attributes, content: string): string {
  return element('text', attributes, escape(content));
}

/** The text that appears when the pointer is over an element. */
export function title(content: string): string {
  return element('title', {}, escape(content));
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
