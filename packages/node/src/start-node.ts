import { startMembership } from '@shoal/membership/driver';
import { SHOAL_ENTRY_KINDS } from '@shoal/syncup';
import { dialService, type Listener, serviceListeners } from '@shoal/transport';
import type { NodeIdentity } from '@shoal/wire';
import { higher } from './bigint.ts';
import { NodeError, toError } from './errors.ts';
import { EventHub } from './event-hub.ts';
import type { Leadership, LeadershipContext } from './leadership/leadership.ts';
import { sleep } from './lock.ts';
import { encodeNodeMetadata, type NodeMetadata, streamAddressOf } from './members/node-metadata.ts';
import { nodeMember, type Peer, Peers } from './members/peers.ts';
import { mergedListener } from './merged-listener.ts';
import type { PortableNodeOptions } from './options.ts';
import { Replication } from './replication/replication.ts';
import { TermMarks } from './replication/term-marks.ts';
import { ShoalNode } from './shoal-node.ts';
import { SERVICES } from './votes/vote-service.ts';
import { memoryVoteStore, VoteRecord } from './votes/vote-store.ts';

const DEFAULT_LABEL = 'shoal';

/**
 * Starts a node from transports, a log and a place for promises that are handed in: for browsers,
 * and for tests in a network of their own. On ShoalNode, {@link createNode} has them ready.
 *
 * Rejects, with nothing begun but what was handed in closed: `argument`, a `SwimError`, or the
 * error of the log or the term store.
 */
export async function startNode(
  options: PortableNodeOptions,
  dispose: () => Promise<void> = async () => {},
): Promise<ShoalNode> {
  const { datagrams, listeners = [], log } = options;
  let marks: TermMarks | undefined;
  try {
    check(options);
    marks = log && (await TermMarks.open(log));
    return await start(options, marks, dispose);
  } catch (error) {
    marks?.close();
    await datagrams.close();
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
}

async function start(
  options: PortableNodeOptions,
  marks: TermMarks | undefined,
  dispose: () => Promise<void>,
): Promise<ShoalNode> {
  const { name, datagrams, log, label = DEFAULT_LABEL, random = Math.random } = options;
  const { listeners = [], streams, voters = [] } = options;
  const store = options.voteStore ?? memoryVoteStore();
  const stored = log ? await store.read() : 0n;
  const written = marks?.position.term ?? 0n;
  const votes = new VoteRecord(store, higher(stored, written));

  const metadata = firstMetadata(options, votes.votedTerm);
  if (log) await options.onOpen?.(log);

  const events = new EventHub();
  const stopping = new AbortController();
  const services =
    listeners.length > 0
      ? serviceListeners(mergedListener(listeners), Object.values(SERVICES))
      : undefined;
  const membership = startMembership({
    transport: datagrams,
    label,
    random,
    identity: {
      metadata: encodeNodeMetadata(metadata),
      ...(options.address === undefined ? {} : { address: options.address }),
    },
    ...(options.seeds === undefined ? {} : { seeds: options.seeds }),
    ...(options.config === undefined ? {} : { config: options.config }),
    ...(options.joinRetry === undefined ? {} : { joinRetry: options.joinRetry }),
    ...(streams === undefined
      ? {}
      : {
          streams: {
            transport: {
              listen: (address) => streams.listen(address),
              dial: (address, dialling) =>
                dialService(streams, address, SERVICES.membership, dialling),
            },
            listen: services?.[SERVICES.membership] ?? false,
            address: (id: NodeIdentity) => addressToDial(options, id),
          },
        }),
  });
  const peers = new Peers(
    membership,
    name,
    () => replication?.adjust(),
    (shared, addresses) => events.emit('nameConflict', { name: shared, addresses }),
  );
  for (const type of ['memberUp', 'memberUpdated', 'memberSuspected', 'memberRefuted'] as const) {
    membership.on(type, ({ member }) => events.emit(type, { member: nodeMember(member) }));
  }
  membership.on('memberDown', ({ member, reason }) =>
    events.emit('memberDown', { member: nodeMember(member), reason }),
  );

  const replication =
    log && marks && streams
      ? new Replication({
          name,
          label,
          voters,
          log,
          kinds: options.kinds ?? SHOAL_ENTRY_KINDS,
          marks,
          votes,
          peers,
          streams,
          addressOf: (peer: Peer) =>
            options.dials === 'websocket'
              ? peer.metadata.webSocketAddress
              : peer.member.streamAddress,
          callbacks: options,
          options: options.replication ?? {},
          events,
          random,
          publish: (role, term) => node.publish(role, term),
        })
      : undefined;
  const chooser = replication
    ? follow(options.leadership, replication, events, {
        name,
        canLead: voters.includes(name) && listeners.length > 0,
        signal: stopping.signal,
      })
    : Promise.resolve();
  const node: ShoalNode = new ShoalNode({
    name,
    membership,
    metadata,
    events,
    peers,
    listeners,
    log,
    votedTerm: () => votes.votedTerm,
    replication,
    stopping,
    chooser,
    dispose: async () => {
      options.signal?.removeEventListener('abort', onAbort);
      marks?.close();
      await dispose();
    },
  });
  if (services) {
    // The membership takes its service over if it has streams; else nobody is served there.
    if (!streams) void services[SERVICES.membership].close();
    void serve(services[SERVICES.log], (connection) => replication?.serveLog(connection));
    void serve(services[SERVICES.vote], (connection) => replication?.serveVote(connection));
    void serve(services[SERVICES.source], (connection) => replication?.serveSource(connection));
  }
  const onAbort = (): void => void node.close();
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted) onAbort();
  return node;
}

/** Throws `argument`. */
function check(options: PortableNodeOptions): void {
  const { log, voters = [], leadership, streams, name, label = DEFAULT_LABEL } = options;
  const bytes = new TextEncoder().encode(label).length;
  if (bytes < 1 || bytes > 255) {
    throw new NodeError('argument', `a label is 1..255 bytes, not ${bytes}`);
  }
  if (log !== undefined && streams === undefined) {
    throw new NodeError('argument', 'a log needs streams');
  }
  if (leadership !== undefined && log === undefined) {
    throw new NodeError('argument', 'a leadership needs a log');
  }
  if (leadership !== undefined && voters.length === 0) {
    throw new NodeError('argument', 'a leadership needs voters');
  }
  if (new Set(voters).size !== voters.length || voters.includes('')) {
    throw new NodeError('argument', 'the names of voters are different from each other');
  }
  if (log !== undefined && !log.chained) {
    throw new NodeError('argument', `the log of ${name} needs chained fingerprints`);
  }
}

function firstMetadata(options: PortableNodeOptions, votedTerm: bigint): NodeMetadata {
  const { name, streamAddress, webSocketAddress, metadata } = options;
  return {
    name,
    role: 'member',
    term: votedTerm,
    ...(streamAddress === undefined ? {} : { streamAddress }),
    ...(webSocketAddress === undefined ? {} : { webSocketAddress }),
    application: metadata?.slice() ?? new Uint8Array(0),
  };
}

/** Where the membership of this node dials a member. */
function addressToDial(options: PortableNodeOptions, id: NodeIdentity): string | undefined {
  if (options.dials !== 'websocket') return streamAddressOf(id);
  return nodeMember({ id, incarnation: 0, state: 'alive' }).webSocketAddress;
}

/** Never rejects: a listener that fails has nothing more to give. */
async function serve(
  listener: Listener,
  take: (connection: Parameters<Replication['serveLog']>[0]) => void,
): Promise<void> {
  try {
    for await (const connection of listener) take(connection);
  } catch {
    // The membership reports it as `listenFailed`.
  }
}

/** How long an adapter may take to let go of what it holds, in ms. */
const LETTING_GO = 3000;

/** Passes the choices on until they end, or the node does. Never rejects. */
async function follow(
  leadership: Leadership | undefined,
  replication: Replication,
  events: EventHub,
  context: LeadershipContext,
): Promise<void> {
  if (leadership === undefined) return;
  const { signal } = context;
  // Not in the same turn, so that listeners can be added first.
  await sleep(0, signal);
  const following = (async () => {
    try {
      for await (const choice of leadership.choices(context)) {
        if (signal.aborted) return;
        replication.choose(choice);
      }
    } catch (cause) {
      if (signal.aborted) return;
      replication.choose(undefined);
      const text = `no leader can be chosen: ${toError(cause).message}`;
      events.emit('failed', { error: new NodeError('leadership', text, { cause }) });
    }
  })();
  const left = new AbortController();
  const ended = following.then(() => left.abort());
  await aborted(signal, left.signal);
  // One that does not heed the signal must not keep the node from closing.
  await Promise.race([ended, sleep(LETTING_GO, left.signal)]);
}

/** Resolves when either fires. */
async function aborted(one: AbortSignal, other: AbortSignal): Promise<void> {
  const either = AbortSignal.any([one, other]);
  if (either.aborted) return;
  await new Promise((resolve) => either.addEventListener('abort', resolve, { once: true }));
}
