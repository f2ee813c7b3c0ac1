/** The colours and signs of a picture. Each colour has a sign, so the picture needs no colours. */
import type { WaitKind } from './lane.js';

interface Look {
  readonly sign: string;
  /** Colours of Okabe and Ito, which colour-blind people can tell apart. */
  readonly colour: string;
  readonly words: string;
}

const OUTCOMES: Readonly<Record<string, Look>> = {
  COMPLETED: { sign: '✓', colour: '#009e73', words: 'completed' },
  FAILED: { sign: '✗', colour: '#d55e00', words: 'failed' },
  TIMED_OUT: { sign: '!', colour: '#e69f00', words: 'timed out' },
  CANCELED: { sign: '⊘', colour: '#8c959f', words: 'cancelled' },
  TERMINATED: { sign: '■', colour: '#57606a', words: 'terminated' },
  PAUSED: { sign: '‖', colour: '#56b4e9', words: 'paused' },
  RESET: { sign: '↺', colour: '#cc79a7', words: 'reset' },
};

const RUNNING: Look = { sign: '…', colour: '#0072b2', words: 'running' };

/** An outcome that a newer version may have written looks like one that is not known yet. */
export function lookOf(outcome: string): Look {
  return Object.hasOwn(OUTCOMES, outcome) ? (OUTCOMES[outcome] as Look) : RUNNING;
}

/** How waits are drawn. They differ in their dashes, not in their colour. */
export const WAITS: Readonly<Record<WaitKind, { readonly dash: string; readonly words: string }>> =
  {
    slot: { dash: '1 3', words: 'waits for a slot' },
    delay: { dash: '8 4', words: 'start delay' },
    backoff: { dash: '', words: 'backoff' },
    pause: { dash: '2 6', words: 'paused' },
  };

export const STYLE = `
text { font: 11px system-ui, sans-serif; fill: #1f2328 }
.small, .axis text { font-size: 10px; fill: #57606a }
.paper { fill: #ffffff }
.grid { stroke: #8b949e; stroke-opacity: 0.25 }
.fold { stroke: #8b949e; fill: none }
.block { fill: #8b949e; fill-opacity: 0.3 }
.wait { stroke: #57606a; stroke-width: 2; fill: none }
.bar { stroke: #1f2328; stroke-opacity: 0.5; stroke-width: 0.5 }
.beat { stroke: #1f2328; stroke-width: 1.5 }
.limit { stroke: #1f2328; stroke-width: 2 }
.tail { stroke: #57606a; stroke-width: 0.5 }
.hatch { stroke: #57606a; stroke-width: 1.5 }
.slots { stroke: #0072b2; stroke-width: 1.5; fill: none }
.queue { stroke: #57606a; stroke-width: 1; stroke-dasharray: 2 2; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small, .axis text { fill: #9ea7b0 } .paper { fill: #0d1117 }
  .wait, .tail, .hatch, .queue { stroke: #9ea7b0 } .bar, .limit, .beat { stroke: #e6edf3 }
}
`;
