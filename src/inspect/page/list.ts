/** The list of activities. Only the rows that can be seen are elements. */
import { count } from '../../live/words.js';
import { partOf, percentOf } from '../../live/progress.js';
import type { Row } from '../messages.js';
import { Bar, byId, make, setClass, setText } from './dom.js';
import { showNearest } from './nearest.js';

const ROW_HEIGHT = 26;
/** Rows above and below those that can be seen, for a fluent scroll. */
const SPARE = 6;

class RowElement {
  readonly element: HTMLElement;
  readonly #state = make('span', 'state');
  readonly #type = make('span', 'type');
  readonly #id = make('span', 'id');
  readonly #attempt = make('span', 'attempt');
  readonly #progress = new Bar();
  readonly #limit = new Bar();
  #shown: Row | undefined;
  #top = -1;

  constructor(index: number) {
    const parts = [this.#state, this.#type, this.#id, this.#attempt];
    this.element = make('div', 'row', ...parts, this.#progress.element, this.#limit.element);
    this.element.id = `row-${index}`;
    this.element.setAttribute('role', 'option');
  }

  get row(): Row | undefined {
    return this.#shown;
  }

  show(row: Row, position: number, of: number, chosen: boolean, now: number): void {
    const { element } = this;
    element.hidden = false;
    const top = position * ROW_HEIGHT;
    if (top !== this.#top) element.style.transform = `translateY(${top}px)`;
    this.#top = top;
    element.setAttribute('aria-selected', String(chosen));
    element.setAttribute('aria-posinset', String(position + 1));
    element.setAttribute('aria-setsize', String(of));
    if (row !== this.#shown) this.#fill(row);
    this.#shown = row;
    showNearest(this.#limit, row, now);
  }

  hide(): void {
    this.element.hidden = true;
    this.#shown = undefined;
  }

  #fill({ state, type, id, attempt, progress }: Row): void {
    setText(this.#state, state);
    setClass(this.#state, `state ${state.replace(' ', '-')}`);
    setText(this.#type, type);
    setText(this.#id, id);
    this.element.title = `${type} ${id}`;
    setText(this.#attempt, attempt > 1 ? `#${attempt}` : '');
    const part = progress && partOf(progress);
    const percent = progress === undefined ? '' : percentOf(progress);
    const done = progress === undefined ? '' : (progress.label ?? count(progress.done));
    this.#progress.show(part, [percent, done].filter((text) => text !== '').join(' '));
  }
}

export class List {
  readonly #scroller = byId('list');
  readonly #space = byId('rows');
  readonly #elements: RowElement[] = [];
  readonly #open: (id: string) => void;
  #rows: readonly Row[] = [];
  #chosen: string | undefined;
  #now = 0;
  #frame = false;
  /** When the user has last scrolled, by the time of the page. */
  scrolledAt = -Infinity;

  constructor(open: (id: string) => void) {
    this.#open = open;
    this.#scroller.addEventListener(
      'scroll',
      (event) => {
        this.scrolledAt = event.timeStamp;
        this.#later();
      },
      { passive: true },
    );
    new ResizeObserver(() => this.#later()).observe(this.#scroller);
    this.#scroller.addEventListener('click', ({ target }) => {
      const at = (target as Element).closest('.row');
      const row = this.#elements.find(({ element }) => element === at)?.row;
      if (row !== undefined) this.#choose(row.id, true);
    });
    this.#scroller.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** @param now the wall time of the program */
  show(rows: readonly Row[], now: number): void {
    this.#rows = rows;
    this.#now = now;
    const height = `${rows.length * ROW_HEIGHT}px`;
    if (this.#space.style.height !== height) this.#space.style.height = height;
    this.#draw();
  }

  choose(id: string | undefined): void {
    this.#chosen = id;
    this.#later();
  }

  focus(): void {
    this.#scroller.focus();
  }

  #later(): void {
    if (this.#frame) return;
    this.#frame = true;
    requestAnimationFrame(() => {
      this.#frame = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - SPARE);
    const last = Math.min(
      this.#rows.length,
      Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + SPARE,
    );
    const room = Math.ceil(clientHeight / ROW_HEIGHT) + 2 * SPARE + 1;
    while (this.#elements.length < room) {
      const one = new RowElement(this.#elements.length);
      this.#elements.push(one);
      this.#space.append(one.element);
    }
    const used = new Set<RowElement>();
    let active = '';
    for (let position = first; position < last; position++) {
      const row = this.#rows[position] as Row;
      // A row keeps its element while it moves by less than the window.
      const one = this.#elements[position % this.#elements.length] as RowElement;
      const chosen = row.id === this.#chosen;
      one.show(row, position, this.#rows.length, chosen, this.#now);
      if (chosen) active = one.element.id;
      used.add(one);
    }
    for (const one of this.#elements) if (!used.has(one)) one.hide();
    this.#scroller.setAttribute('aria-activedescendant', active);
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#rows.findIndex(({ id }) => id === this.#chosen);
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / ROW_HEIGHT) - 1);
    const last = this.#rows.length - 1;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === 'Enter' && this.#chosen !== undefined) this.#choose(this.#chosen, true);
    else if (to === undefined) return;
    else this.#moveTo(Math.min(last, Math.max(0, to)));
    event.preventDefault();
  }

  #moveTo(position: number): void {
    const row = this.#rows[position];
    if (row === undefined) return;
    const { scrollTop, clientHeight } = this.#scroller;
    const top = position * ROW_HEIGHT;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) {
      this.#scroller.scrollTop = top + ROW_HEIGHT - clientHeight;
    }
    this.#choose(row.id, false);
  }

  #choose(id: string, open: boolean): void {
    this.#chosen = id;
    this.#draw();
    if (open) this.#open(id);
  }
}
