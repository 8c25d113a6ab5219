import type { MembershipEvent, NodeIdentity } from '@shoal/membership';
import type { Fault } from './fault.ts';
import type { Observer, SendOutcome } from './observer.ts';
import type { SimNode } from './sim-node.ts';
import type { Simulator } from './simulator.ts';

/**
 * Records everything that happens, one line per entry, and hashes it into a digest: runs with equal
 * digests are equal. Add it to `Simulator.observers` before the first node starts.
 */
export class EventLog implements Observer {
  /** The entries; empty unless they are kept. */
  readonly lines: string[] = [];
  readonly #sim: Pick<Simulator, 'now'>;
  readonly #keep: boolean;
  #hash = 0x811c9dc5;
  #entries = 0;

  /** `keep`: whether to keep the lines, or only the digest. */
  constructor(sim: Pick<Simulator, 'now'>, options: { readonly keep: boolean }) {
    this.#sim = sim;
    this.#keep = options.keep;
  }

  /** The number of entries, and a hash of them all. */
  get digest(): string {
    return `${this.#entries}-${(this.#hash >>> 0).toString(16).padStart(8, '0')}`;
  }

  started(node: SimNode): void {
    this.#write(`n${node.index} starts, generation ${node.swim?.identity.generation}`);
  }

  stopped(node: SimNode): void {
    this.#write(`n${node.index} stops`);
  }

  fault(fault: Fault): void {
    this.#write(`fault ${JSON.stringify(fault)}`);
  }

  transmit(from: SimNode, to: number, bytes: Uint8Array, outcome: SendOutcome): void {
    this.#mix(this.#sim.now * 1000);
    this.#mixBytes(bytes);
    this.#entries++;
    if (!this.#keep) return;
    this.#line(`n${from.index} to n${to}: ${bytes.length} bytes, ${outcome}`);
  }

  receive(node: SimNode, bytes: Uint8Array): void {
    this.#mix(node.index * 65_536 + bytes.length);
    this.#entries++;
    if (this.#keep) this.#line(`n${node.index} reads ${bytes.length} bytes`);
  }

  event(node: SimNode, event: MembershipEvent<NodeIdentity>): void {
    this.#write(`n${node.index} ${describeEvent(event)}`);
  }

  #write(text: string): void {
    this.#entries++;
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
    if (this.#keep) this.#line(text);
  }

  #line(text: string): void {
    this.lines.push(`${(this.#sim.now / 1000).toFixed(6)} ${text}`);
  }

  /** Mixes in four bytes at a time; bytes past the end count as 0. */
  #mixBytes(bytes: Uint8Array): void {
    let hash = this.#hash;
    for (let i = 0; i < bytes.length; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      hash = Math.imul(hash ^ word, 0x01000193);
      hash ^= hash >>> 15;
    }
    this.#hash = hash;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193);
  }
}

function describeEvent(event: MembershipEvent<NodeIdentity>): string {
  switch (event.type) {
    case 'memberUp':
    case 'memberSuspected':
    case 'memberRefuted':
    case 'memberUpdated':
    case 'memberDown': {
      const { id, incarnation } = event.member;
      const reason = event.type === 'memberDown' ? `, ${event.reason}` : '';
      return `${event.type} ${nameOf(id)}, incarnation ${incarnation}${reason}`;
    }
    case 'probe':
      return `probe of ${nameOf(event.target)}: ${event.outcome}`;
    case 'rejoined':
      return `rejoined as ${nameOf(event.identity)}`;
    case 'defunct':
      return `defunct: ${event.reason}`;
    case 'rejected':
      return `rejects: ${event.error.code}`;
    default:
      return event.type;
  }
}

function nameOf(id: NodeIdentity): string {
  return `${id.address.slice(0, id.address.indexOf(':'))}#${id.generation}`;
}
