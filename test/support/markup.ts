/** Checks markup as strictly as a browser reads XML, and that it contains only what is harmless. */

const ELEMENTS = ['svg', 'title', 'desc', 'style', 'defs', 'pattern', 'g', 'rect', 'line'].concat([
  'polyline',
  'path',
  'text',
]);
const ATTRIBUTES =
  /^(xmlns|viewBox|width|height|role|class|id|x|y|x1|x2|y1|y2|d|points|fill|text-anchor|stroke-dasharray|patternUnits|patternTransform)$/;
const TOKEN = /<(\/?)([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const REFERENCE = /&(?!(amp|lt|gt|quot|#39);)/;
// eslint-disable-next-line no-control-regex
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** The first thing that is wrong with an SVG image; undefined if it is good. */
export function faultOfSvg(svg: string): string | undefined {
  if (IMPOSSIBLE.test(svg) || /\p{Cs}/u.test(svg)) return 'a character that XML cannot hold';
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < svg.length) {
    const at = TOKEN.lastIndex;
    const [token = '', closes, name = '', attributes = '', empty, content] = TOKEN.exec(svg) ?? [];
    if (token === '') return `no markup: ${svg.slice(at, at + 40)}`;
    if (REFERENCE.test(token)) return `a bare & in ${token}`;
    if (content !== undefined) continue;
    if (!ELEMENTS.includes(name)) return `an element ${name}`;
    for (const [, attribute = '', value = ''] of attributes.matchAll(/([\w-]+)="([^"]*)"/g)) {
      if (!ATTRIBUTES.test(attribute)) return `an attribute ${attribute}`;
      if (/NaN|Infinity|undefined/.test(value)) return `${attribute}="${value}"`;
    }
    if (closes === '/') {
      if (open.pop() !== name) return `</${name}> closes nothing`;
    } else if (empty !== '/') open.push(name);
  }
  return open.length > 0 ? `<${open.join('><')}> is not closed` : undefined;
}
