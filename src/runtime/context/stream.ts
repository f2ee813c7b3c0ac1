/** Opens and closes the streams that `ctx.watch` reads. */
import { badOption, hasMethods } from '../../kernel/bad-input.js';

/** What `ctx.watch` reads: an async iterable, such as a stream of Node, or a web stream. */
export type Stream<T> = AsyncIterable<T> | ReadableStream<T>;

/** A stream that is being read. */
interface Reading<T> {
  next(this: void): PromiseLike<IteratorResult<T>>;
  /** Closes the stream. If it is `stuck`, an item is being waited for. */
  close(this: void, stuck: boolean): unknown;
}

/** What some streams have to close them while an item is being waited for. */
interface Closable {
  /** Streams of Node have it. */
  destroy?(): unknown;
  /** The streams of clients for language models have it. */
  readonly controller?: { abort?(): unknown } | undefined;
}

/** @throws TypeError for a value that is not a stream */
export function read<T>(stream: Stream<T>): Reading<T> {
  if (hasMethods(stream, 'getReader')) {
    const reader = (stream as ReadableStream<T>).getReader();
    return {
      next: () => reader.read() as Promise<IteratorResult<T>>,
      close: () => {
        const closed = reader.cancel();
        reader.releaseLock();
        return closed;
      },
    };
  }
  const iterable = stream as Partial<AsyncIterable<T>> & Closable;
  const iterator = (iterable as typeof iterable | null)?.[Symbol.asyncIterator]?.();
  if (iterator === undefined) {
    throw badOption('ctx.watch', stream, 'an async iterable or a ReadableStream');
  }
  return {
    next: () => iterator.next(),
    close: (stuck) => {
      // A generator that waits does not hear of its return.
      if (stuck) {
        iterable.destroy?.();
        iterable.controller?.abort?.();
      }
      return iterator.return?.();
    },
  };
}
