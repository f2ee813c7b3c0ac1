/** Writes heartbeat details as JSON that a page can read without a library. */

/** What JSON cannot hold becomes what comes closest: a bigint becomes text, and a Set an array. */
export function json(value: unknown): string {
  try {
    // The types hide that it is undefined for what has no JSON.
    const text = JSON.stringify(value, (_key, one: unknown) => readable(one)) as string | undefined;
    return text ?? 'null';
  } catch {
    return 'null'; // a toJSON of the user's classes that throws
  }
}

function readable(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return { name: value.name, message: value.message };
  if (value instanceof RegExp) return String(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  return value;
}
