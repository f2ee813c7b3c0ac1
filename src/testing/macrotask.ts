/** Real turns of the event loop. Fake timers do not affect them. */
import { heldTimeout } from '../kernel/clock.js';

/** A port that may keep the process alive: Node's do until `unref()`. */
type Port = MessagePort & { ref?: () => void; unref?: () => void };

let channel: { readonly sender: Port; readonly receiver: Port } | undefined;
const waiting: (() => void)[] = [];

/** Resolves in a later turn of the event loop, after all promises that can settle have settled. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    // Some test environments for browsers have no MessageChannel.
    if (typeof MessageChannel !== 'function') {
      heldTimeout(resolve, 0);
      return;
    }
    channel ??= open();
    channel.receiver.ref?.();
    waiting.push(resolve);
    channel.sender.postMessage(undefined);
  });
}

function open(): NonNullable<typeof channel> {
  const { port1: receiver, port2: sender }: { port1: Port; port2: Port } = new MessageChannel();
  receiver.onmessage = () => {
    const resolve = waiting.shift();
    if (waiting.length === 0) receiver.unref?.();
    resolve?.();
  };
  return { sender, receiver };
}
