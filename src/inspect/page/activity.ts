/** The panel of one activity. */
import { count } from '../../live/words.js';
import { timelineText } from '../../timeline/text.js';
import { toAddress } from '../address.js';
import { ACTIONS, type Action, type ActivityPage, type Row } from '../messages.js';
import { Bar, byId, make, setText } from './dom.js';
import { showNearest } from './nearest.js';
import { picture, put } from './timeline.js';

export class Activity {
  readonly #element = byId('activity');
  #id: string | undefined;
  /** What the server has said last, as text. */
  #said = '';
  #asking = false;
  #limit = new Bar();
  #state = make('span', 'state');
  #error = make('p', 'error');
  #parts = make('div', '');
  #buttons = make('div', '');
  #actions = false;

  get id(): string | undefined {
    return this.#id;
  }

  open(id: string | undefined): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#said = '';
    this.#element.hidden = id === undefined;
    if (id === undefined) return;
    this.#error = make('p', 'error');
    this.#error.setAttribute('role', 'alert');
    this.#limit = new Bar();
    this.#state = make('span', 'state');
    this.#parts = make('div', '', make('p', 'quiet', 'loading…'));
    const head = make('h2', '', id);
    const line = make('p', '', this.#state, ' ', this.#limit.element);
    this.#buttons = make('div', '');
    this.#element.replaceChildren(head, line, this.#buttons, this.#error, this.#parts);
    this.#showButtons();
    void this.refresh();
  }

  /** The page may already be open when the program tells what it allows. */
  allowActions(allowed: boolean): void {
    if (allowed === this.#actions) return;
    this.#actions = allowed;
    this.#showButtons();
  }

  focus(): void {
    this.#element.focus();
  }

  /** Shows what changes with time. */
  tick(row: Row | undefined, now: number): void {
    setText(this.#state, row === undefined ? 'closed' : row.state);
    this.#state.className = `state ${row?.state.replace(' ', '-') ?? ''}`;
    showNearest(this.#limit, row, now);
  }

  async refresh(): Promise<void> {
    const id = this.#id;
    if (id === undefined || this.#asking) return;
    this.#asking = true;
    try {
      const answer = await fetch(`activity?id=${toAddress(id)}`);
      const said = await answer.text();
      if (!answer.ok || id !== this.#id || said === this.#said) return;
      this.#said = said;
      this.#show(JSON.parse(said) as ActivityPage);
    } catch {
      // The connection is lost, which the page says at its top.
    } finally {
      this.#asking = false;
    }
  }

  #showButtons(): void {
    this.#buttons.className = this.#actions ? 'actions' : '';
    const buttons = (this.#actions ? ACTIONS : []).map((action) => {
      const button = make('button', action === 'terminate' ? 'danger' : '', action);
      button.setAttribute('type', 'button');
      button.addEventListener('click', () => this.#press(button, action));
      return button;
    });
    this.#buttons.replaceChildren(...buttons);
  }

  /** What cannot be taken back is asked for twice. */
  #press(button: HTMLElement, action: Action): void {
    if (action === 'terminate' && button.dataset['sure'] === undefined) {
      button.dataset['sure'] = 'asked';
      button.textContent = 'really terminate?';
      return;
    }
    delete button.dataset['sure'];
    button.textContent = action;
    void this.#act(action);
  }

  async #act(action: Action): Promise<void> {
    const body = JSON.stringify({ id: this.#id, action });
    try {
      const answer = await fetch('action', { method: 'POST', body });
      const { error = '' } = (await answer.json()) as { error?: string };
      setText(this.#error, error);
      void this.refresh();
    } catch {
      setText(this.#error, 'the program does not answer');
    }
  }

  #show({
    row,
    details,
    lastFailure,
    canceledReason,
    abandonedAttempts,
    options,
    events,
  }: ActivityPage): void {
    const facts: [string, string][] = [];
    if (row !== undefined) {
      facts.push(['type', row.type], ['attempt', String(row.attempt)]);
      facts.push(['scheduled', at(row.scheduledAt)], ['started', at(row.startedAt)]);
      facts.push(['last heartbeat', at(row.beatAt)], ['next attempt', at(row.nextAt)]);
      if (row.limit) facts.push(['nearest limit', `${row.limit.name} at ${at(row.limit.at)}`]);
      if (row.progress) facts.push(['done', count(row.progress.done)]);
      if (abandonedAttempts) facts.push(['abandoned attempts', String(abandonedAttempts)]);
      if (canceledReason !== undefined) facts.push(['cancel reason', canceledReason]);
    }
    const picked = make('div', '');
    this.#parts.replaceChildren(
      list(facts.filter(([, text]) => text !== '')),
      ...block('Heartbeat details', details),
      ...block('Last failure', lastFailure),
      make('h3', '', 'Attempts'),
      picked,
      make('pre', '', events.length === 0 ? 'nothing is recorded' : timelineText(events)),
      ...(options === undefined ? [] : [make('h3', '', 'Options'), list(Object.entries(options))]),
    );
    if (events.length > 0) put(picture(events, this.#element.clientWidth), picked);
  }
}

function at(ms: number | undefined): string {
  return ms === undefined ? '' : new Date(ms).toLocaleString();
}

function list(facts: readonly (readonly [string, string])[]): HTMLElement {
  const parts = facts.flatMap(([name, text]) => [make('dt', '', name), make('dd', '', text)]);
  return make('dl', '', ...parts);
}

function block(name: string, text: string | undefined): HTMLElement[] {
  return text === undefined ? [] : [make('h3', '', name), make('pre', '', text)];
}
