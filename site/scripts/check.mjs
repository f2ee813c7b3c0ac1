// Checks the built site: every link and anchor, what the pages load and from where, and the weight
// of the first load of each page. Prints what is wrong, and exits with 1 if something is.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const MAX_BYTES = 150_000;

const dist = join(dirname(fileURLToPath(import.meta.url)), '../.vitepress/dist');
const problems = [];

const files = (await readdir(dist, { recursive: true })).map((file) => file.replaceAll('\\', '/'));
const pages = new Map();
for (const file of files) {
  if (file.endsWith('.html')) pages.set(file, await readFile(join(dist, file), 'utf8'));
}
if (pages.size < 100) problems.push(`only ${pages.size} pages were built`);

const ids = new Map();
for (const [file, html] of pages) {
  ids.set(file, new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => unescape(id))));
}

let links = 0;
let typed = 0;
for (const [file, html] of pages) {
  if (file.startsWith('play/')) continue;
  for (const [, link] of html.matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)) {
    links++;
    const problem = problemOf(file, unescape(link));
    if (problem !== undefined) problems.push(`${file}: ${link}: ${problem}`);
  }
  // Links may lead elsewhere. What a page loads may not.
  const loaded = html.matchAll(
    /<(?:script|img|iframe|source|video|audio)\b[^>]*?\ssrc="([^"]*)"|<link\b[^>]*?\shref="([^"]*)"|url\(([^)]*)\)/g,
  );
  for (const [, src, href, url] of loaded) {
    const address = src ?? href ?? url ?? '';
    if (/^["']?(https?:)?\/\//.test(address)) problems.push(`${file} loads ${address}`);
  }
  const markdown = /<link rel="alternate" type="text\/markdown" href="\/([^"]*)"/.exec(html)?.[1];
  if (file !== '404.html' && !existsSync(join(dist, markdown ?? '?'))) {
    problems.push(`${file}: its Markdown is missing`);
  }
  const types = [...html.matchAll(/\sdata-type="(\d+)"/g)].map(([, number]) => Number(number));
  if (types.length > 0) {
    const texts = JSON.parse(readFileSync(join(dist, 'types', file.replace('.html', '.json'))));
    typed += types.length;
    if (types.some((number) => !(number < texts.length)))
      problems.push(`${file}: a type is missing`);
  }
  for (const [, alt] of html.matchAll(/<img\b(?![^>]*\salt="[^"]+")([^>]*)>/g)) {
    problems.push(`${file}: a picture without a text alternative: ${alt.trim()}`);
  }
}
for (const file of files.filter((name) => name.endsWith('.css'))) {
  const css = await readFile(join(dist, file), 'utf8');
  if (/url\(["']?(https?:)?\/\//.test(css)) problems.push(`${file} loads from another host`);
}

// llms.txt and the Markdown of the pages lead to files.
for (const file of files.filter((name) =>
  /^(llms\.txt|(docs|tour)\/.*\.md|README\.md)$/.test(name),
)) {
  const text = (await readFile(join(dist, file), 'utf8')).replaceAll(/^```.*?^```$/gms, '');
  for (const [, link] of text.matchAll(/\]\(([^)#:]+\.(?:md|svg))(?:#[^)]*)?\)/g)) {
    links++;
    const target = posix.join(posix.dirname(file), link);
    if (!existsSync(join(dist, target))) problems.push(`${file}: ${link}: no such file`);
  }
}

const weights = [...pages.keys()]
  .filter((file) => file !== '404.html' && !file.startsWith('play/'))
  .map((file) => ({ file, bytes: weightOf(file) }))
  .sort((a, b) => b.bytes - a.bytes);
for (const { file, bytes } of weights) {
  if (bytes > MAX_BYTES) problems.push(`${file}: its first load is ${kB(bytes)} gzipped`);
}

for (const problem of problems) console.error(problem);
const [heaviest] = weights;
const front = weights.find(({ file }) => file === 'index.html');
console.log(
  `tested: ${pages.size} pages, ${links} links, ${typed} types on hover; first load: ${kB(front.bytes)} for the front page, ` +
    `at most ${kB(heaviest.bytes)} (${heaviest.file}), gzipped`,
);
process.exitCode = problems.length > 0 ? 1 : 0;

/** What is wrong with a link; undefined if nothing is. */
function problemOf(file, link) {
  if (/^(https?|mailto):/.test(link)) return undefined;
  if (/^[a-z]+:/.test(link)) return 'an address of an unknown kind';
  const [path, hash] = link.split('#');
  let target =
    path === '' ? file : posix.join(path.startsWith('/') ? '' : posix.dirname(file), path);
  target = target.replace(/^\//, '');
  if (target === '' || target.endsWith('/')) target += 'index.html';
  const full = join(dist, target);
  if (!existsSync(full) || !statSync(full).isFile()) return 'no such file';
  if (!hash || !target.endsWith('.html')) return undefined;
  const anchor = decodeURIComponent(hash);
  // The front page reads a scene from there.
  if (target === 'index.html' && anchor.startsWith('scene')) return undefined;
  return ids.get(target).has(anchor) ? undefined : 'no such anchor';
}

/** The page and what its head makes the browser load at once, and what those import at once. */
function weightOf(file) {
  const html = pages.get(file);
  const waiting = [
    ...[...html.matchAll(/<script\b[^>]*?\ssrc="([^"]*)"/g)].map(([, src]) => src),
    ...[...html.matchAll(/<link\b([^>]*)>/g)].flatMap(([, attributes]) => {
      if (!/rel="(preload stylesheet|stylesheet|modulepreload|preload)"/.test(attributes))
        return [];
      return [/href="([^"]*)"/.exec(attributes)[1]];
    }),
    ...[...html.matchAll(/<img\b(?![^>]*loading="lazy")[^>]*?\ssrc="(\/[^"]*)"/g)].map(
      ([, src]) => src,
    ),
  ];
  const seen = new Set();
  let bytes = gzipSync(html).length;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next) || next.startsWith('data:')) continue;
    seen.add(next);
    const { size, imports } = assetOf(next);
    bytes += size;
    waiting.push(...imports);
  }
  return bytes;
}

function assetOf(path) {
  assetOf.known ??= new Map();
  const known = assetOf.known.get(path);
  if (known !== undefined) return known;
  const file = join(dist, path);
  const asset = { size: 0, imports: [] };
  assetOf.known.set(path, asset);
  if (!existsSync(file)) {
    problems.push(`${path} is loaded, and is not there`);
    return asset;
  }
  const [content, text] = contentOf(file);
  asset.size = gzipSync(content).length;
  if (path.endsWith('.js')) {
    for (const [, from] of text.matchAll(
      /(?:^|[;}])import(?:[^"'()]*?from)?\s*["']([^"']+)["']/g,
    )) {
      asset.imports.push(`/${relative(dist, join(dirname(file), from)).replaceAll('\\', '/')}`);
    }
  }
  return asset;
}

function contentOf(file) {
  const content = readFileSync(file);
  return [content, content.toString('utf8')];
}
function kB(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function unescape(text) {
  return text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
}
