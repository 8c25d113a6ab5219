import type { MemberView, ViewState } from './cluster-view.ts';

const WORDS: Readonly<Record<ViewState, string>> = {
  alive: 'alive',
  suspect: 'suspected',
  down: 'down',
  left: 'has left',
  unknown: 'not seen yet',
};

/** The table of members, with a button to kill or restart each node. */
export class MemberTable {
  readonly #body: HTMLTableSectionElement;
  readonly #act: (name: string, action: 'kill' | 'start') => void;
  /** By address. */
  readonly #rows = new Map<string, HTMLTableRowElement>();

  constructor(root: Document, act: (name: string, action: 'kill' | 'start') => void) {
    this.#body = root.querySelector('#members')!;
    this.#act = act;
  }

  render(members: readonly MemberView[]): void {
    const known = new Set(members.map(({ address }) => address));
    for (const [address, row] of this.#rows) {
      if (known.has(address)) continue;
      row.remove();
      this.#rows.delete(address);
    }
    for (const [index, member] of members.entries()) {
      let row = this.#rows.get(member.address);
      if (!row) {
        row = makeRow(member);
        this.#rows.set(member.address, row);
      }
      // Move only the rows whose place changed: moving a row takes the focus from its button.
      const at = this.#body.children[index] ?? null;
      if (at !== row) this.#body.insertBefore(row, at);
      this.#update(row, member);
    }
  }

  #update(row: HTMLTableRowElement, { name, role, state, rtt, isSelf }: MemberView): void {
    const [, , stateCell, rttCell, actionCell] = row.cells;
    stateCell!.querySelector('span')!.textContent = WORDS[state];
    rttCell!.textContent = rtt === undefined || state === 'down' ? '' : `${rtt.toFixed(1)} ms`;
    if (row.dataset['state'] === state) return;
    row.dataset['state'] = state;
    // The feeder keeps its log in memory: killing it would lose the log.
    const mayAct = !isSelf && (role === 'gateway' || role === 'node');
    const action = state === 'alive' ? 'kill' : state === 'suspect' ? undefined : 'start';
    actionCell!.replaceChildren(...(mayAct && action ? [this.#button(name, action)] : []));
  }

  #button(name: string, action: 'kill' | 'start'): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = action;
    button.setAttribute('aria-label', `${action} ${name}`);
    button.addEventListener('click', () => {
      button.disabled = true;
      this.#act(name, action);
    });
    return button;
  }
}

function makeRow({ name, role, address, isSelf }: MemberView): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.dataset['name'] = name;
  row.dataset['role'] = role;
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = isSelf ? 'this tab' : name;
  const cells = Array.from({ length: 4 }, () => document.createElement('td'));
  cells[0]!.textContent = address;
  cells[0]!.className = 'address';
  cells[1]!.className = 'state';
  cells[1]!.append(document.createElement('span'));
  cells[2]!.className = 'number';
  row.append(head, ...cells);
  return row;
}
