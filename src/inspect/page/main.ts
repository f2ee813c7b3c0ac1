/** The page of systole/inspect. It runs in a browser. */
import { SystemClock } from '../../kernel/clock.js';
import { STATES } from '../../live/state.js';
import { lapse } from '../../live/words.js';
import { fromAddress, toAddress } from '../address.js';
import type { Counts, Row } from '../messages.js';
import { Activity } from './activity.js';
import { Connection } from './connection.js';
import { byId, make, setClass, setText } from './dom.js';
import { List } from './list.js';
import { Model, ORDERS, type Filter } from './model.js';
import { Timeline } from './timeline.js';

const clock = new SystemClock();
const model = new Model();
const timeline = new Timeline(byId('timeline'));
const activity = new Activity();
const list = new List((id) => go(id));
const text = byId('text') as HTMLInputElement;
const [state, type, order] = ['state', 'type', 'order'].map(byId) as [
  HTMLSelectElement,
  HTMLSelectElement,
  HTMLSelectElement,
];
const counters = new Map<string, HTMLElement>();

/** How often changes are shown. */
const SHOW_MS = 100;
/** How often the panel on the right is asked for. */
const PANEL_MS = 1_000;
/** How long the panel waits after the user has scrolled. */
const STILL_MS = 400;

let run: string | undefined;
let rows: readonly Row[] = [];
let changed = true;
let panelAt = -Infinity;

new Connection({
  hello(hello) {
    if (run !== hello.run) timeline.forget();
    run = hello.run;
    activity.allowActions(hello.actions);
  },
  changes(changes) {
    model.apply(changes, clock.wallNow());
    changed = true;
  },
  connected(connected) {
    setText(byId('connection'), connected ? 'live' : 'the program does not answer, trying again…');
    setClass(byId('connection'), connected ? '' : 'lost');
  },
});

fill(state, [['', 'every state'], ...STATES.map((one) => [one, one] as const)]);
fill(
  order,
  ORDERS.map((one) => [one, one] as const),
);
for (const input of [text, state, type, order]) {
  input.addEventListener('input', () => {
    changed = true;
    byId('list').scrollTop = 0;
  });
}
byId('filter').addEventListener('submit', (event) => event.preventDefault());
byId('back').addEventListener('click', () => go(undefined));
addEventListener('hashchange', route);
addEventListener('keydown', (event) => {
  const typing = event.target === text;
  if (event.key === '/' && !typing) {
    text.focus();
    event.preventDefault();
  } else if (event.key === 'Escape') {
    if (activity.id !== undefined) go(undefined);
    list.focus();
  } else if (event.key === 'ArrowDown' && typing) {
    list.focus();
    event.preventDefault();
  }
});
route();
show();

/** The address says which activity is open, so that going back and loading again work. */
function go(id: string | undefined): void {
  location.hash = id === undefined ? '' : toAddress(id);
}

function route(): void {
  let id: string | undefined;
  try {
    id = fromAddress(decodeURIComponent(location.hash.slice(1))) || undefined;
  } catch {
    id = undefined; // an address that somebody has changed
  }
  activity.open(id);
  list.choose(id);
  byId('timeline').hidden = id !== undefined;
  byId('back').hidden = id === undefined;
  panelAt = -Infinity;
  if (id !== undefined) activity.focus();
}

function show(): void {
  const now = clock.wallNow() + model.aheadMs;
  if (changed) {
    changed = false;
    rows = model.select(filter());
    showTypes();
    if (model.counts !== undefined) showCounts(model.counts);
    const all = model.rows.size;
    setText(byId('found'), rows.length === all ? `${all} open` : `${rows.length} of ${all} open`);
  }
  list.show(rows, now);
  activity.tick(activity.id === undefined ? undefined : model.rows.get(activity.id), now);
  if (performanceNow() - panelAt > PANEL_MS && performanceNow() - list.scrolledAt > STILL_MS) {
    panelAt = performanceNow();
    void (activity.id === undefined ? timeline.refresh() : activity.refresh());
  }
  clock.setTimer(() => requestAnimationFrame(show), SHOW_MS);
}

/** Reads the clock by which the browser stamps its events. */
function performanceNow(): number {
  return clock.now();
}

function filter(): Filter {
  return {
    text: text.value,
    state: state.value,
    type: type.value,
    order: order.value as Filter['order'],
  };
}

function showTypes(): void {
  const names = [...model.types.keys()].sort();
  if (type.dataset['names'] === JSON.stringify(names)) return;
  type.dataset['names'] = JSON.stringify(names);
  const { value } = type;
  fill(type, [['', 'every type'], ...names.map((name) => [name, name] as const)]);
  type.value = names.includes(value) ? value : '';
}

function fill(select: HTMLSelectElement, options: readonly (readonly [string, string])[]): void {
  select.replaceChildren(
    ...options.map(([value, words]) => {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = words;
      return option;
    }),
  );
}

function showCounts(counts: Counts): void {
  const { running, waiting, delayed, paused, slotsUsed, slotsAvailable, oldestWaitMs } = counts;
  const slots = slotsAvailable === undefined ? '' : `${slotsUsed} of ${slotsUsed + slotsAvailable}`;
  const shown: [string, string][] = [
    ['running', String(running)],
    ['waiting', String(waiting)],
    ['delayed', String(delayed)],
    ['paused', String(paused)],
    ['slots', slots],
    ['longest wait', waiting === 0 ? '' : lapse(oldestWaitMs)],
  ];
  for (const [name, value] of shown) {
    let element = counters.get(name);
    if (element === undefined) {
      element = document.createElement('b');
      counters.set(name, element);
      byId('counts').append(make('li', '', element, ` ${name}`));
    }
    setText(element, value);
    (element.parentElement as HTMLElement).hidden = value === '';
  }
}
