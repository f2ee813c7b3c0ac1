/** Decides which requests are answered. A page of another site must not get or do anything here. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The parts of a request that decide whether it is answered. */
interface Asked {
  readonly method: string;
  readonly url: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/** What is served, where the page really is, or why the request is refused. */
type Verdict =
  | { readonly status: 308; readonly location: string }
  | { readonly status: 200; readonly path: string; readonly query: URLSearchParams }
  | { readonly status: 400 | 403 | 404 | 405; readonly why: string };

/** What can be read: the page itself, and what it asks for. */
const READ_PATHS = ['', 'events', 'activity', 'timeline'];
export const WRITE_PATH = 'action';

/**
 * Decides about one request.
 *
 * @param port the port of this server
 * @param actions whether the page may change activities
 */
export function judge(asked: Asked, port: number, token: string, actions: boolean): Verdict {
  const { method, url, host = '', origin } = asked;
  // A name of another site may have been made to point to this machine.
  if (!hostsOf(port).includes(host))
    return { status: 403, why: 'wrong host; use 127.0.0.1 or localhost' };
  if (origin !== undefined && origin !== `http://${host}`) {
    return { status: 403, why: 'wrong origin' };
  }
  let parsed: URL;
  try {
    parsed = new URL(url, 'http://localhost');
  } catch {
    return { status: 400, why: 'bad address' };
  }
  const [, given = '', path = '', ...rest] = parsed.pathname.split('/');
  if (!isToken(given, token))
    return { status: 403, why: 'wrong token; open the address that the program prints now' };
  const query = parsed.searchParams;
  if (path === WRITE_PATH && rest.length === 0) return judgeAction(method, origin, actions, query);
  if (rest.length > 0 || !READ_PATHS.includes(path)) return { status: 404, why: 'no such page' };
  if (method !== 'GET') return { status: 405, why: 'wrong method' };
  // Without the slash at the end, the page would ask for its parts in the wrong place.
  if (path === '' && !parsed.pathname.endsWith('/')) {
    return { status: 308, location: `/${token}/` };
  }
  return { status: 200, path, query };
}

/** The names that browsers send for this server. They leave out port 80. */
function hostsOf(port: number): string[] {
  return ['127.0.0.1', 'localhost'].map((name) => (port === 80 ? name : `${name}:${port}`));
}

/** Browsers send the origin with every POST, so one without it is not from the page. */
function judgeAction(
  method: string,
  origin: string | undefined,
  actions: boolean,
  query: URLSearchParams,
): Verdict {
  if (method !== 'POST') return { status: 405, why: 'wrong method' };
  if (!actions) return { status: 403, why: 'inspect was called without actions: true' };
  if (origin === undefined) return { status: 403, why: 'no origin' };
  return { status: 200, path: WRITE_PATH, query };
}

/** Makes a secret of 128 random bits. */
export function newToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Takes the same time for every wrong token, so that nobody can guess it letter by letter. */
function isToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
