import type { Connection } from '@shoal/transport';
import { type Member, type SwimCodec, WireError } from '@shoal/wire';
import {
  decodeStateMessage,
  encodeStateMembers,
  encodeStateMessage,
  GOODBYE,
  type StateMessage,
} from '@shoal/wire/internal';
import { SwimError } from '../errors.ts';

/** Holds the state that a conversation is about. */
export interface StateHolder<Id> {
  readonly codec: SwimCodec<Id>;
  /** The tag of the cluster's label. */
  readonly label: number;
  /** How many members a peer may send. */
  readonly maxMembers: number;
  digest(): bigint;
  /** This member; undefined while it is leaving or defunct. */
  self(): Member<Id> | undefined;
  /** Everything that is known about other members. */
  others(): readonly Member<Id>[];
  /** Takes in what a peer knows. */
  merge(members: readonly Member<Id>[]): void;
}

/** How an exchange ended: both sides knew the same, or each has told the other. */
export type ExchangeOutcome = 'equal' | 'merged';

/**
 * The messages on one connection: an exchange of states or a ping, as docs/wire-protocol.md
 * specifies them. Each method rejects as the connection does, or with a {@link SwimError}:
 * `malformed` for a peer's fault, `stream` if the peer refuses, `state` if this member cannot.
 * States that came before the error are kept, because each message stands for itself.
 */
export class Conversation<Id> {
  /** The frame that was read last. */
  frame: Uint8Array = new Uint8Array(0);
  readonly #connection: Connection;
  readonly #frames: AsyncIterator<Uint8Array>;
  readonly #holder: StateHolder<Id>;

  constructor(connection: Connection, holder: StateHolder<Id>) {
    this.#connection = connection;
    this.#frames = connection[Symbol.asyncIterator]();
    this.#holder = holder;
  }

  /** Initiator: brings both sides up to date. */
  async exchange(): Promise<ExchangeOutcome> {
    const { label } = this.#holder;
    const digest = this.#holder.digest();
    this.#send({ type: 'stateRequest', label, digest });
    const reply = await this.#expect('stateReply');
    if (reply.digest === digest) return 'equal';
    await this.#takeMembers();
    await this.#sendMembers();
    return 'merged';
  }

  /** Initiator: asks who answers at this address. */
  async ping(): Promise<Member<Id>> {
    this.#send({ type: 'streamPing', label: this.#holder.label });
    const { member } = await this.#expect('streamPong');
    if (member.state !== 'alive') throw this.#malformed('a pong from a member that is not alive');
    return member;
  }

  /** Responder: serves the request of the peer. */
  async serve(): Promise<ExchangeOutcome | 'pinged'> {
    const request = await this.#expect('stateRequest', 'streamPing');
    if (request.label !== this.#holder.label) {
      const cause = new WireError('label', 6, "this cluster's tag");
      throw this.#malformed('a stream of another cluster', cause);
    }
    const member = this.#holder.self();
    if (member === undefined) throw new SwimError('state', 'this member has left');
    if (request.type === 'streamPing') {
      this.#send({ type: 'streamPong', member });
      return 'pinged';
    }
    const digest = this.#holder.digest();
    this.#send({ type: 'stateReply', digest });
    if (request.digest === digest) return 'equal';
    await this.#sendMembers();
    await this.#takeMembers();
    return 'merged';
  }

  /** Tells the peer why this side ends the conversation. */
  goodbye(error: SwimError): void {
    this.#send({ type: 'goodbye', code: goodbyeCode(error), reason: error.message.slice(0, 80) });
  }

  #send(message: StateMessage<Id>): void {
    this.#connection.send(encodeStateMessage(this.#holder.codec, message));
  }

  async #sendMembers(): Promise<void> {
    const self = this.#holder.self();
    const members = self ? [self, ...this.#holder.others()] : this.#holder.others();
    for (const frame of encodeStateMembers(this.#holder.codec, members)) {
      if (!this.#connection.send(frame)) await this.#connection.ready();
    }
  }

  async #takeMembers(): Promise<void> {
    for (let total = 0; ; ) {
      const message = await this.#expect('members', 'membersEnd');
      if (message.type === 'membersEnd') {
        if (message.total === total) return;
        throw this.#malformed(`${total} members, not ${message.total}`);
      }
      total += message.members.length;
      if (message.members.length === 0) throw this.#malformed('a message without members');
      // One more than are remembered: the sender is among them.
      if (total > this.#holder.maxMembers + 1) throw this.#malformed('too many members');
      this.#holder.merge(message.members);
    }
  }

  /** Reads the next message, which must be of one of these types. */
  async #expect<Type extends StateMessage<Id>['type']>(
    ...types: readonly Type[]
  ): Promise<Extract<StateMessage<Id>, { type: Type }>> {
    const next = await this.#frames.next();
    if (next.done) throw new SwimError('stream', 'the peer ended the stream too early');
    this.frame = next.value;
    let message: StateMessage<Id>;
    try {
      message = decodeStateMessage(this.#holder.codec, this.frame);
    } catch (cause) {
      throw this.#malformed('not a message of a state exchange', cause);
    }
    if (message.type === 'goodbye') {
      throw new SwimError('stream', `the peer refused: ${message.reason} (code ${message.code})`);
    }
    if (!isOneOf(message, types)) throw this.#malformed(`unexpected ${message.type}`);
    return message;
  }

  #malformed(message: string, cause?: unknown): SwimError {
    return new SwimError('malformed', message, cause === undefined ? undefined : { cause });
  }
}

function isOneOf<Id, Type extends StateMessage<Id>['type']>(
  message: StateMessage<Id>,
  types: readonly Type[],
): message is Extract<StateMessage<Id>, { type: Type }> {
  return (types as readonly string[]).includes(message.type);
}

function goodbyeCode({ code, cause }: SwimError): number {
  if (code !== 'malformed') return GOODBYE.shutdown;
  if (cause instanceof WireError && (cause.code === 'label' || cause.code === 'version')) {
    return GOODBYE[cause.code];
  }
  return GOODBYE.protocol;
}
