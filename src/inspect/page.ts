/**
 * The page, as one text: its script and its style are in it, and it loads nothing. The build and the
 * tests put it in: see `scripts/page.ts`.
 */
import { createHash } from 'node:crypto';

declare const SYSTOLE_PAGE: string | undefined;

export const page =
  typeof SYSTOLE_PAGE === 'string'
    ? SYSTOLE_PAGE
    : 'systole/inspect does not run from its source: build it first';

/** What the page may do: run its own script, use its own styles, and talk to where it came from. */
export function policyOf(html: string, moreStyles: readonly string[]): string {
  const scripts = contentsOf(html, 'script').map(hash);
  const styles = [...contentsOf(html, 'style'), ...moreStyles].map(hash);
  return [
    `default-src 'none'`,
    `script-src ${scripts.join(' ')}`,
    `style-src ${styles.join(' ')}`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}

function contentsOf(html: string, tag: string): string[] {
  return [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(
    ([, text = '']) => text,
  );
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
