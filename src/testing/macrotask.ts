/** Real turns of the event loop, which fake timers do not touch. */
import { heldTimeout } from '../kernel/clock.js';

/** Node's ports keep the process alive, unless they are told not to. */
type Port = MessagePort & { ref?: () => void; unref?: () => void };

let channel: { readonly sender: Port; readonly receiver: Port } | undefined;
const waiting: (() => void)[] = [];

/** Settles in a later turn of the event loop: all promises that can settle before it have. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    // Some test environments for browsers have none.
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
