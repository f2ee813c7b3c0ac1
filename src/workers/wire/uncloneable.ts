/** Finds the part of a value that cannot be sent, and its path. */
import { serialize } from 'node:v8';
import { ApplicationFailure } from '../../kernel/failures.js';
import { printable } from '../../kernel/text.js';
import { messageOf } from '../../kernel/thrown.js';
import { showStep } from '../../heartbeat/details/copy.js';

/** The failure for a value that structured clone has refused. It is not retried. */
export function uncloneable(root: string, value: unknown, refused: unknown): ApplicationFailure {
  const { path, what } = find(value, root, new Set()) ?? { path: root, what: messageOf(refused) };
  const message =
    `${printable(path, 1_000)}: ${what}; arguments and results of activities in workers are copied ` +
    `by structured clone: pass plain data`;
  return new ApplicationFailure(message, { type: 'DataCloneError', nonRetryable: true });
}

interface Found {
  readonly path: string;
  readonly what: string;
}

function find(value: unknown, path: string, seen: Set<unknown>): Found | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, what: typeof value };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  try {
    for (const [step, item] of itemsOf(value)) {
      const found = find(item, `${path}${step}`, seen);
      if (found !== undefined) return found;
    }
    serialize(value);
    return undefined;
  } catch (refused) {
    return { path, what: messageOf(refused) };
  }
}

function itemsOf(value: object): [string, unknown][] {
  if (ArrayBuffer.isView(value)) return [];
  if (value instanceof Map) {
    return [...(value as Map<unknown, unknown>)].flatMap(
      ([key, item], index): [string, unknown][] => [
        [`<key #${index}>`, key],
        [`<#${index}>`, item],
      ],
    );
  }
  if (value instanceof Set) return [...value].map((item, index) => [`<#${index}>`, item]);
  const isList = Array.isArray(value);
  return Object.entries(value).map(([key, item]) => [showStep(isList ? Number(key) : key), item]);
}
