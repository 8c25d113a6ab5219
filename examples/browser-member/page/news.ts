/** How many lines are shown. */
const SHOWN = 7;

export type NewsKind = 'up' | 'suspected' | 'down' | 'left' | 'lost' | 'kill' | 'start';

/** The list of what happened, newest first. Screen readers announce new lines. */
export class News {
  readonly #list: HTMLOListElement;

  constructor(root: Document) {
    this.#list = root.querySelector('#news')!;
  }

  tell(kind: NewsKind, text: string): void {
    const item = document.createElement('li');
    item.className = kind;
    const time = document.createElement('time');
    const now = new Date();
    time.dateTime = now.toISOString();
    time.textContent = now.toLocaleTimeString('en-GB');
    const words = document.createElement('span');
    words.textContent = text;
    item.append(time, words);
    this.#list.prepend(item);
    while (this.#list.children.length > SHOWN) this.#list.lastElementChild!.remove();
  }
}
