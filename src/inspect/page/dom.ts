/** The few things that the page needs of the DOM. Text never becomes markup here. */

export function byId(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}

/** Makes an element with a class and with children. */
export function make(
  tag: string,
  name: string,
  ...children: readonly (Node | string)[]
): HTMLElement {
  const element = document.createElement(tag);
  if (name !== '') element.className = name;
  element.append(...children);
  return element;
}

/** Writes only what differs, so that nothing is laid out again for nothing. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setClass(element: HTMLElement, name: string): void {
  if (element.className !== name) element.className = name;
}

/** A bar with text over it. */
export class Bar {
  readonly element: HTMLElement;
  readonly #fill = document.createElement('i');
  readonly #text = document.createElement('span');
  #width = -1;

  constructor() {
    this.element = make('span', 'bar', this.#fill, this.#text);
  }

  /** @param part from 0 to 1; undefined for no bar */
  show(part: number | undefined, text: string, name = ''): void {
    setClass(this.element, name === '' ? 'bar' : `bar ${name}`);
    setText(this.#text, text);
    this.element.style.visibility = part === undefined && text === '' ? 'hidden' : '';
    const width = Math.round((part ?? 0) * 1_000) / 10;
    if (width !== this.#width) this.#fill.style.width = `${width}%`;
    this.#width = width;
  }
}
