/** Calls as text, which every channel to a worker can send. */
import { deserialize, serialize } from 'node:v8';
import type { Call } from './messages.js';

export function packCall(call: Call): string {
  return serialize(call).toString('base64');
}

export function unpackCall(text: string): Call {
  return deserialize(Buffer.from(text, 'base64')) as Call;
}
