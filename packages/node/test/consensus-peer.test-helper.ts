import type { Grant, Message, Refusal, VoteRequest } from '@shoal/consensus';
import { type Connection, dialService, type StreamTransport } from '@shoal/transport';
import { labelTag } from '@shoal/wire/internal';
import type { ShoalNode } from '../src/index.ts';
import { decodeFrame, encodeFrame, type Frame, SERVICES } from '../src/internal.ts';

/** Who a peer says it is, whom it wants to talk to, and in which cluster. */
export interface Introduction {
  readonly from: string;
  /** Default: the name of the node. */
  readonly to?: string | undefined;
  /** Default `shoal`. */
  readonly label?: string | undefined;
}

/** The first frame of a connection to the service of consensus. */
export function helloTo(
  node: ShoalNode,
  { from, to = node.name, label = 'shoal' }: Introduction,
): Frame {
  return { type: 'hello', label: labelTag(label), from, to };
}

/** Somebody who talks to the service of consensus of a node, under any name. */
export class ConsensusPeer implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #hello: Frame;

  private constructor(connection: Connection, hello: Frame) {
    this.#connection = connection;
    this.#hello = hello;
  }

  /** Connects, and says nothing yet. Rejects with the transport's error. */
  static async dial(
    transport: StreamTransport,
    node: ShoalNode,
    introduction: Introduction,
  ): Promise<ConsensusPeer> {
    const connection = await dialService(transport, node.address, SERVICES.consensus);
    return new ConsensusPeer(connection, helloTo(node, introduction));
  }

  /** Connects and says who it is. Rejects with the transport's error. */
  static async connect(
    transport: StreamTransport,
    node: ShoalNode,
    introduction: Introduction,
  ): Promise<ConsensusPeer> {
    const peer = await ConsensusPeer.dial(transport, node, introduction);
    peer.send(peer.#hello);
    return peer;
  }

  /** Sends frames, or bytes that are to be taken for one. */
  send(...frames: (Frame | Uint8Array)[]): void {
    for (const frame of frames) {
      this.#connection.send(frame instanceof Uint8Array ? frame.slice() : encodeFrame(frame));
    }
  }

  /**
   * The next message of one of these types; undefined once the connection has ended. What the node
   * says to a name that a member has goes to that member, once the node is connected to it.
   */
  async answer<T extends Message['type']>(
    ...types: T[]
  ): Promise<Extract<Message, { type: T }> | undefined> {
    try {
      for await (const bytes of this.#connection) {
        const frame = decodeFrame(bytes);
        if (types.includes(frame.type as T)) return frame as Extract<Message, { type: T }>;
      }
    } catch {
      // Refused: the connection was broken off.
    }
    return undefined;
  }

  /** Resolves once the node has broken the connection off. */
  async ended(): Promise<void> {
    await this.answer();
  }

  /**
   * Resolves once the node has taken everything that was sent: it breaks off the connection of a
   * peer that introduces itself twice.
   */
  async finish(): Promise<void> {
    this.send(this.#hello);
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.abort(new Error('the test has ended'));
  }
}

/** Connects as {@link ConsensusPeer.connect} does; undefined if that fails. */
function tryToConnect(
  transport: StreamTransport,
  node: ShoalNode,
  introduction: Introduction,
): Promise<ConsensusPeer | undefined> {
  return ConsensusPeer.connect(transport, node, introduction).catch(() => undefined);
}

/** Sends frames to a node, which has taken them by then, or has refused the connection. */
export async function tell(
  transport: StreamTransport,
  node: ShoalNode,
  { frames, ...introduction }: Introduction & { readonly frames: readonly (Frame | Uint8Array)[] },
): Promise<void> {
  await using peer = await tryToConnect(transport, node, introduction);
  peer?.send(...frames);
  await peer?.finish();
}

/**
 * Asks a node for its vote as anybody could, under a name that no member has. Undefined if it gives
 * no answer.
 */
export async function askForVote(
  transport: StreamTransport,
  node: ShoalNode,
  { candidate, ...request }: { candidate: string; term: bigint } & Partial<VoteRequest>,
): Promise<Grant | Refusal | undefined> {
  await using peer = await tryToConnect(transport, node, { from: candidate });
  peer?.send({ type: 'voteRequest', life: '0'.repeat(32), logId: undefined, ...request });
  // Awaited: the connection must not be broken off before.
  return await peer?.answer('grant', 'refusal');
}

/** The ids of the stores of all voters, which a node tells to anybody who asks. By their names. */
export async function storesOfVoters(
  transport: StreamTransport,
  node: ShoalNode,
  from = 'mallory',
): Promise<Record<string, string>> {
  await using peer = await ConsensusPeer.connect(transport, node, { from });
  peer.send({ type: 'preVoteRequest', term: 1n, logId: undefined });
  const reply = await peer.answer('preVoteReply');
  const voters = reply?.configuration?.voters ?? [];
  return Object.fromEntries(voters.map(({ name, storeId }) => [name, storeId]));
}
