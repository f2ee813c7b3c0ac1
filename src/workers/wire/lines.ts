/** JSON, one value per line: the channel between a program and a watchdog. */

import type { Delivery } from './mailbox.js';

/**
 * How long an attempt may still run if nothing more is said: after that, another program may have
 * its activity.
 */
export interface Lease {
  readonly task: number;
  readonly ms: number;
}

/** Messages to the watchdog. A call is the text of a `Call`: see `packCall`. */
export type ToWatchdog =
  { readonly call: string } | { readonly where: true } | { readonly lease: Lease };

/** Messages from the watchdog. */
export type FromWatchdog =
  Delivery | { readonly where: string | null } | { readonly overdue: true };

export function asLine(value: ToWatchdog | FromWatchdog): string {
  return `${JSON.stringify(value)}\n`;
}

/** Returns a function that takes text in pieces and calls back with each value in it. */
export function readLines(onValue: (value: unknown) => void): (text: string) => void {
  let rest: string[] = [];
  return (text) => {
    const lines = text.split('\n');
    rest.push(lines.shift() ?? '');
    for (const line of lines) {
      const whole = rest.join('');
      rest = [line];
      onValue(JSON.parse(whole));
    }
  };
}
