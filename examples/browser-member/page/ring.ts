import { gatewayOf, type MemberView } from './cluster-view.ts';

const SVG = 'http://www.w3.org/2000/svg';
const RADIUS = 140;
/** How long the line of a probe is visible, in ms; see `.probe` in the style sheet. */
const PROBE_SHOWN = 900;

/** The symbol in the circle of a member, by its role. */
const SIGNS: Readonly<Record<string, string>> = {
  feeder: 'M-9 7 -6 1 5-10 10-5-1 6z M-9 7l6-1',
  gateway: 'M-9 9V-3a9 9 0 0 1 18 0V9 M0-12V9 M-9 0H9',
  node: 'M-9-8H9V-1H-9z M-9 2H9V9H-9z M-5-4.500h.1 M-5 5.500h.1',
  page: 'M-10-8H10V9H-10z M-10-3H10',
};

function element<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The picture of the members in a circle. */
export class Ring {
  readonly #nodes: SVGGElement;
  readonly #spokes: SVGGElement;
  readonly #count: SVGTextElement;
  readonly #title: SVGTitleElement;
  readonly #link = element('line', { class: 'gateway-link' });
  /** By address. */
  readonly #drawn = new Map<string, SVGGElement>();
  readonly #places = new Map<string, { x: number; y: number }>();
  #self = '';

  constructor(root: Document) {
    this.#nodes = root.querySelector('#nodes')!;
    this.#spokes = root.querySelector('#spokes')!;
    this.#count = root.querySelector('#alive-count')!;
    this.#title = root.querySelector('#ring-summary')!;
    this.#spokes.append(this.#link);
  }

  render(members: readonly MemberView[], isLinked: boolean): void {
    const known = new Set(members.map(({ address }) => address));
    for (const [address, group] of this.#drawn) {
      if (known.has(address)) continue;
      group.remove();
      this.#drawn.delete(address);
      this.#places.delete(address);
    }
    for (const [index, member] of members.entries()) {
      const angle = (2 * Math.PI * index) / members.length - Math.PI / 2;
      const place = { x: RADIUS * Math.cos(angle), y: RADIUS * Math.sin(angle) };
      this.#places.set(member.address, place);
      if (member.isSelf) this.#self = member.address;
      this.#draw(member, place);
    }
    this.#drawLink(isLinked);
    const alive = members.filter(({ state }) => state === 'alive').length;
    this.#count.textContent = String(alive);
    const others = members.filter(({ state }) => state !== 'alive');
    const rest = others.map(({ name, state }) => `${name} ${state}`).join(', ');
    this.#title.textContent = `${alive} members alive${rest && `; ${rest}`}`;
  }

  /** Briefly shows that a member was probed. */
  probe(address: string, isAnswered: boolean): void {
    const from = this.#places.get(this.#self);
    const to = this.#places.get(address);
    if (!from || !to) return;
    const line = element('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y });
    line.setAttribute('class', isAnswered ? 'probe' : 'probe failed');
    this.#spokes.append(line);
    setTimeout(() => line.remove(), PROBE_SHOWN);
  }

  #draw(member: MemberView, { x, y }: { x: number; y: number }): void {
    let group = this.#drawn.get(member.address);
    if (!group) {
      group = makeNode(member);
      this.#drawn.set(member.address, group);
      this.#nodes.append(group);
    }
    group.setAttribute('class', `node ${member.state}${member.isSelf ? ' self' : ''}`);
    group.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    const label = group.querySelector('text')!;
    const isSide = Math.abs(x) > RADIUS * 0.5;
    label.setAttribute('text-anchor', isSide ? (x > 0 ? 'start' : 'end') : 'middle');
    label.setAttribute('x', String(isSide ? Math.sign(x) * 34 : 0));
    label.setAttribute('y', String(isSide ? 5 : y < 0 ? -34 : 44));
  }

  #drawLink(isLinked: boolean): void {
    const from = this.#places.get(this.#self);
    const to = this.#places.get(gatewayOf(this.#self));
    this.#link.classList.toggle('shown', isLinked && from !== undefined && to !== undefined);
    if (!from || !to) return;
    const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y };
    for (const [key, value] of Object.entries(ends)) this.#link.setAttribute(key, String(value));
  }
}

function makeNode({ name, role, isSelf }: MemberView): SVGGElement {
  const group = element('g');
  group.append(
    element('circle', { class: 'halo', r: 30 }),
    element('circle', { class: 'disc', r: 24 }),
    element('path', { class: 'sign', d: SIGNS[role] ?? SIGNS['node']! }),
    element('path', { class: 'cross', d: 'M-16-16 16 16M16-16-16 16' }),
  );
  const label = element('text');
  label.textContent = isSelf ? 'this tab' : name;
  group.append(label);
  return group;
}
