import type { LogLine, PageLog } from './replica.ts';

/** How many lines are shown. */
const SHOWN = 16;

/** The tail of the log, newest first, and how far this page is behind. */
export class LogView {
  readonly #list: HTMLOListElement;
  readonly #find: (id: string) => HTMLElement;

  constructor(root: Document) {
    this.#list = root.querySelector('#log')!;
    this.#find = (id) => root.querySelector<HTMLElement>(`#${id}`)!;
  }

  render({ log, lines, replica, isStreaming }: PageLog): void {
    const { last } = log.range;
    this.#find('log-last').textContent = last.toLocaleString('en');
    this.#find('log-lag').textContent = replica.lag?.entries.toLocaleString('en') ?? '–';
    this.#find('log-digest').textContent = last > 0n ? log.digest().slice(0, 8) : '–';
    this.#find('log-feed').textContent = isStreaming ? 'following' : 'connecting';
    const shown = lines.slice(-SHOWN).reverse();
    const ids = new Set(shown.map(idOf));
    for (const item of [...this.#list.children]) if (!ids.has(item.id)) item.remove();
    // Lines that stay are not touched: replacing them would restart their animation.
    for (const [index, line] of shown.entries()) {
      const at = this.#list.children[index];
      if (at?.id !== idOf(line)) this.#list.insertBefore(makeItem(line), at ?? null);
    }
  }
}

/** Includes the text: after a rollback, another entry may have the same VLSN. */
function idOf({ vlsn, at }: LogLine): string {
  return `entry-${vlsn}-${at}`;
}

function makeItem(line: LogLine): HTMLLIElement {
  const item = document.createElement('li');
  item.id = idOf(line);
  item.dataset['vlsn'] = String(line.vlsn);
  const number = document.createElement('span');
  number.className = 'vlsn';
  number.textContent = String(line.vlsn);
  const text = document.createElement('span');
  text.textContent = line.text;
  const time = document.createElement('time');
  if (Number.isFinite(line.at)) {
    const at = new Date(line.at);
    time.dateTime = at.toISOString();
    time.textContent = at.toLocaleTimeString('en-GB');
  }
  item.append(number, text, time);
  return item;
}
