/** A scene in the fragment of an address: no server sees it. */
import { readScene, LONGEST_TEXT, type Scene } from './scene.js';
import { sceneNames, scenes, type SceneName } from './scenes.js';

const PREFIX = '#scene=';
/** The version of the format, before the first dot. */
const VERSION = '1';
const MAX_BYTES = 4 * LONGEST_TEXT;

/** The fragment for a scene: the name of one that is ready, or the whole scene, compressed. */
export async function fragmentOf(scene: Scene): Promise<string> {
  const text = JSON.stringify(scene);
  const ready = sceneNames.find((name) => JSON.stringify(scenes[name]) === text);
  if (ready !== undefined) return `${PREFIX}${ready}`;
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  return `${PREFIX}${VERSION}.${toBase64(bytes)}`;
}

/**
 * The scene of a fragment. Undefined if the fragment is about something else.
 *
 * @throws Error (as a rejection) that says why the link cannot be read
 */
export async function sceneOf(fragment: string): Promise<Scene | undefined> {
  if (!fragment.startsWith(PREFIX)) return undefined;
  const rest = fragment.slice(PREFIX.length);
  if (Object.hasOwn(scenes, rest)) return scenes[rest as SceneName];
  const [version, packed] = rest.split('.');
  if (packed === undefined) throw new Error(`There is no scene called ${rest}`);
  if (version !== VERSION) throw new Error('A newer version of this page made the link');
  let given: unknown;
  try {
    given = JSON.parse(await unpacked(packed));
  } catch {
    throw new Error('The link is not complete');
  }
  return readScene(given);
}

/** Stops at the most bytes that a scene can have: a short link may unpack to gigabytes. */
async function unpacked(packed: string): Promise<string> {
  const bytes = new Blob([fromBase64(packed)]).stream();
  const reader = bytes.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_BYTES) {
      await reader.cancel();
      throw new Error('too long');
    }
    text += decoder.decode(value, { stream: true });
  }
}

function toBase64(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (one) => one.charCodeAt(0));
}
