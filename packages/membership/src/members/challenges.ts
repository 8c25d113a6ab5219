import type { Context } from '../context.ts';

/** How many strangers are challenged at once; the oldest makes room. */
const MAX_STRANGERS = 1024;

/** A stranger that has been asked to prove that it receives packets at its address. */
interface Challenge<Id> {
  readonly id: Id;
  /** Of the ping that it must answer. Random, so that only its receiver knows it. */
  readonly number: number;
}

/**
 * The strangers that want to join. One is a member only after it has answered a ping, so that nobody
 * can make this member send packets to an address that is not theirs. Source: address validation in
 * QUIC (RFC 9000, section 8).
 */
export class Challenges<Id> {
  readonly #context: Context<Id>;
  /** By address, the oldest first. */
  readonly #open = new Map<string, Challenge<Id>>();

  constructor(context: Context<Id>) {
    this.#context = context;
  }

  /** The number of the ping that a stranger must answer. It stays until that is answered. */
  begin(id: Id): number {
    const { traits, codec, random } = this.#context;
    const address = traits.address(id);
    const known = this.#open.get(address);
    if (known && traits.equals(known.id, id)) return known.number;
    const number = Math.floor(random() * (codec.maxProbeNumber + 1)) % (codec.maxProbeNumber + 1);
    this.#open.delete(address);
    this.#open.set(address, { id, number });
    if (this.#open.size > MAX_STRANGERS) this.#open.delete(this.#open.keys().next().value!);
    return number;
  }

  /** Whether an ack of `id` with this number answers its challenge, which is over then. */
  end(id: Id, number: number): boolean {
    const { traits } = this.#context;
    const address = traits.address(id);
    const challenge = this.#open.get(address);
    if (challenge?.number !== number || !traits.equals(challenge.id, id)) return false;
    return this.#open.delete(address);
  }
}
