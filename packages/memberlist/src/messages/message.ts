/**
 * Bytes that Go may leave nil: undefined is nil, which is written in another way than no bytes. A
 * decoded value is a view of the input.
 */
export type GoBytes = Uint8Array | undefined;

/**
 * Asks whether `node` is alive. On a packet and, as a fallback over TCP, on a stream.
 *
 * A receiver whose name is not `node` ignores it, unless `node` is empty. It answers to
 * `sourceAddress` and `sourcePort` if both are there, else to where the packet came from.
 */
export interface PingMessage {
  readonly type: 'ping';
  /** The name of the member that is asked. */
  readonly node: string;
  /** A u32 that the answer repeats. */
  readonly seqNo: number;
  /** 4 or 16 bytes. Left out when it is empty. */
  readonly sourceAddress: GoBytes;
  /** The name of the sender. Left out when it is empty. */
  readonly sourceNode: string;
  /** 0..65535. Left out when it is 0. */
  readonly sourcePort: number;
}

/** Asks the receiver to ping `node` at `target`, and to pass the answer on. */
export interface IndirectPingMessage {
  readonly type: 'indirectPing';
  /** Whether the sender wants a `nack` if no answer comes in time. */
  readonly nack: boolean;
  /** The name of the target. */
  readonly node: string;
  /** Of the target, 0..65535. */
  readonly port: number;
  /** A u32 that the answer repeats. */
  readonly seqNo: number;
  /** 4 or 16 bytes. Left out when it is empty. */
  readonly sourceAddress: GoBytes;
  /** The name of the sender. Left out when it is empty. */
  readonly sourceNode: string;
  /** 0..65535. Left out when it is 0. */
  readonly sourcePort: number;
  /** The address of the target: 4 or 16 bytes. */
  readonly target: GoBytes;
}

/** Answers a `ping`, or an `indirectPing` whose target has answered. */
export interface AckMessage {
  readonly type: 'ack';
  /** What the ping delegate of the sender adds: with Serf, its network coordinate. */
  readonly payload: GoBytes;
  /** That of the ping, a u32. */
  readonly seqNo: number;
}

/** Answers an `indirectPing` whose target has not answered in time. */
export interface NackMessage {
  readonly type: 'nack';
  /** That of the indirect ping, a u32. */
  readonly seqNo: number;
}

/** `from` suspects `node`. */
export interface SuspectMessage {
  readonly type: 'suspect';
  /** The name of the member that suspects. */
  readonly from: string;
  /** That of `node`, a u32. */
  readonly incarnation: number;
  /** The name of the suspect. */
  readonly node: string;
}

/**
 * `node` is alive at this address.
 *
 * Never send or relay one whose `versions` do not have 6 bytes: members accept it, and from then on
 * every push/pull in the cluster fails.
 */
export interface AliveMessage {
  readonly type: 'alive';
  /** 4 or 16 bytes. Members compare it byte for byte, so repeat it in the form in which it came. */
  readonly address: GoBytes;
  /** That of `node`, a u32. 0 leaves a dead record. */
  readonly incarnation: number;
  /** At most 512 bytes. With Serf, its tags. */
  readonly meta: GoBytes;
  /** Its name, which is its identity. */
  readonly node: string;
  /** 0..65535. */
  readonly port: number;
  /**
   * Six bytes: the lowest, the highest and the spoken version of the protocol, then those of the
   * delegate.
   */
  readonly versions: GoBytes;
}

/** `node` is dead, or has left if `from` is the same. */
export interface DeadMessage {
  readonly type: 'dead';
  /** The name of the member that declares it dead. */
  readonly from: string;
  /** That of `node`, a u32. */
  readonly incarnation: number;
  /** The name of the dead member. */
  readonly node: string;
}

/** Bytes of the program that uses memberlist. With Serf, one of its messages. */
export interface UserMessage {
  readonly type: 'user';
  /** A view of the input. */
  readonly payload: Uint8Array;
}

/** Answers a stream that could not be read. */
export interface ErrorMessage {
  readonly type: 'error';
  /** A text for people. */
  readonly error: string;
}

/** What a member tells about one node in a `pushPull`. */
export interface NodeState {
  /** 4 or 16 bytes, compared byte for byte. */
  readonly address: GoBytes;
  /** A u32. */
  readonly incarnation: number;
  /** At most 512 bytes. */
  readonly meta: GoBytes;
  /** Its name, which is its identity. */
  readonly name: string;
  /** 0..65535. */
  readonly port: number;
  /** 0 alive, 1 suspect, 2 dead, 3 left. A decoder takes any integer of 0..2^53-1. */
  readonly state: number;
  /** Six bytes, as in an {@link AliveMessage}. */
  readonly versions: GoBytes;
}

/** All that a member knows. Both sides of a stream send one: it is how members join. */
export interface PushPullMessage {
  readonly type: 'pushPull';
  /** Whether the dialer joins. The answer repeats it. */
  readonly join: boolean;
  /** Every member that the sender knows, itself, the dead and the left ones included. */
  readonly nodes: readonly NodeState[];
  /** What the delegate adds. A decoded one is a view. */
  readonly userState: Uint8Array;
}

/** A message in a packet. */
export type PacketMessage =
  | PingMessage
  | IndirectPingMessage
  | AckMessage
  | NackMessage
  | SuspectMessage
  | AliveMessage
  | DeadMessage
  | UserMessage;

/** A message on a stream. */
export type StreamMessage = PushPullMessage | PingMessage | AckMessage | UserMessage | ErrorMessage;
