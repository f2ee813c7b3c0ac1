/** Shows the types of code where the pointer rests, as an editor does. */
import { withBase } from 'vitepress';

type Text = readonly [signature: string, documentation?: string];

const known = new Map<string, Promise<readonly Text[]>>();

/** The texts of the page that is shown. */
function texts(): Promise<readonly Text[]> {
  const page = location.pathname.replace(/\/$/, '/index.html').replace(/(\.html)?$/, '.json');
  const path = page.slice(withBase('/').length - 1);
  const file = withBase(`/types${path}`);
  const loading = known.get(file) ?? fetch(file).then((response) => response.json());
  known.set(file, loading);
  return loading;
}

/** Listens for the pointer. The popup stays while the pointer is on it, and Escape closes it. */
export function typesOnHover(): void {
  const popup = document.createElement('div');
  popup.className = 'type-popup';
  popup.role = 'tooltip';
  popup.hidden = true;
  document.body.append(popup);
  let shown: Element | undefined;
  let leaving: ReturnType<typeof setTimeout> | undefined;

  const hide = (): void => {
    popup.hidden = true;
    shown = undefined;
  };

  const show = async (target: HTMLElement): Promise<void> => {
    shown = target;
    const text = (await texts().catch(() => []))[Number(target.dataset['type'])];
    if (text === undefined || shown !== target) return;
    const [signature, documentation] = text;
    const code = document.createElement('code');
    code.textContent = signature;
    popup.replaceChildren(code);
    if (documentation !== undefined) {
      const words = document.createElement('p');
      words.textContent = documentation;
      popup.append(words);
    }
    popup.hidden = false;
    const { left, top, bottom } = target.getBoundingClientRect();
    const { width, height } = popup.getBoundingClientRect();
    const below = bottom + height + 8 < innerHeight || top < height + 8;
    popup.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    popup.style.top = `${below ? bottom + 2 : top - height - 2}px`;
  };

  document.addEventListener('pointerover', ({ target }) => {
    const node = target as Element;
    const typed = node.closest<HTMLElement>('[data-type]');
    if (popup.contains(node) || typed === shown) clearTimeout(leaving);
    else if (typed !== null) {
      clearTimeout(leaving);
      void show(typed);
    } else if (shown !== undefined) {
      clearTimeout(leaving);
      leaving = setTimeout(hide, 200);
    }
  });
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
  document.addEventListener('scroll', hide, { passive: true });
}
