import { Emitter } from '@shoal/async';
import { type LogStore, SHOAL_ENTRY_KINDS } from '@shoal/syncup';
import { dialService, type StreamTransport } from '@shoal/transport';
import { checkOptions } from './check-options.ts';
import { NodeError } from './errors.ts';
import type { NodeEvent } from './events.ts';
import { followChoices } from './leadership/follow-choices.ts';
import { LogMarks } from './log/log-marks.ts';
import { Members } from './members/members.ts';
import { nodeMember } from './members/node-member.ts';
import { addressToDial, PeerDialer } from './members/peer-dialer.ts';
import { ProvedNames } from './members/proved-name.ts';
import type { PortableNodeOptions } from './options.ts';
import { idMaker } from './random-id.ts';
import { Delivery } from './replication/delivery.ts';
import { Replication } from './replication/replication.ts';
import { acceptServices, SERVICES, type ServiceListeners } from './services.ts';
import { ShoalNode } from './shoal-node.ts';
import { VoteRecord } from './votes/vote-record.ts';

export const DEFAULT_LABEL = 'shoal';

/** How many bytes of entries may wait for the application by default. */
const MAX_UNDELIVERED = 2 * 2 ** 20;

/**
 * Starts a node on the transports and the log that it is given: for browsers, and for tests on a
 * network in memory. On Node.js, {@link createNode} provides them.
 *
 * Rejects, with the transports closed: `argument`, a `SwimError`, or the error of `onOpen` or of the
 * log.
 */
export function startNode(options: PortableNodeOptions): Promise<ShoalNode> {
  return startNodeWith(options, async () => {});
}

/** As {@link startNode}. A node that has started calls `dispose` when it closes. */
export async function startNodeWith(
  options: PortableNodeOptions,
  dispose: () => Promise<void>,
): Promise<ShoalNode> {
  let log: OpenLog | undefined;
  try {
    checkOptions(options);
    log = await open(options);
    return serve(options, wire(options, log), dispose);
  } catch (error) {
    log?.marks.close();
    await options.datagrams.close();
    await closeListeners(options);
    throw error;
  }
}

/** A log, and what the node must know about it. */
interface OpenLog {
  readonly store: LogStore;
  readonly marks: LogMarks;
  readonly votes: VoteRecord;
}

/** Reads what the log and its notes hold, and shows the log to the application. */
async function open(options: PortableNodeOptions): Promise<OpenLog | undefined> {
  const { log: store, kinds = SHOAL_ENTRY_KINDS, random } = options;
  if (store?.notes === undefined) return undefined;
  const marks = await LogMarks.open(store, kinds);
  try {
    const { term: logTerm, index } = marks.position;
    if (index > 0n && marks.cluster === undefined && options.voters?.includes(options.name)) {
      const text = 'its log holds entries, but does not say who votes';
      const remedy = 'a new cluster begins with empty logs: append what they are to hold';
      throw new NodeError('argument', `${options.name} cannot vote: ${text}; ${remedy}`);
    }
    const votes = await VoteRecord.open({ notes: store.notes, logTerm, newId: idMaker(random) });
    await options.onOpen?.(store);
    return { store, marks, votes };
  } catch (error) {
    marks.close();
    throw error;
  }
}

/** The parts of a node, connected with each other. */
interface WiredParts {
  readonly events: Emitter<NodeEvent>;
  readonly services: ServiceListeners;
  readonly members: Members;
  readonly log: OpenLog | undefined;
  readonly replication: Replication | undefined;
}

/** Makes the parts of a node. From here on it is a member. */
function wire(options: PortableNodeOptions, log: OpenLog | undefined): WiredParts {
  const { streams, listeners = [] } = options;
  const events = new Emitter<NodeEvent>({ overflowError });
  const services = acceptServices(listeners, {
    membership: streams !== undefined,
    log: log !== undefined,
  });
  const members = startMembers(options, { events, services, votedTerm: log?.votes.term });
  const replication = log && streams && makeReplication(options, { events, members, log, streams });
  return { events, services, members, log, replication };
}

function startMembers(
  options: PortableNodeOptions,
  parts: Pick<WiredParts, 'events' | 'services'> & { readonly votedTerm: bigint | undefined },
): Members {
  const { streams, dials = 'tcp' } = options;
  const { label = DEFAULT_LABEL, random, seeds, config, joinRetry, admit } = options;
  const { maxGenerationLead } = options;
  return new Members({
    events: parts.events,
    address: options.address,
    metadata: {
      name: options.name,
      role: 'member',
      term: parts.votedTerm ?? 0n,
      started: Date.now(),
      streamAddress: options.streamAddress,
      webSocketAddress: options.webSocketAddress,
      application: options.metadata?.slice() ?? new Uint8Array(0),
    },
    membership: {
      transport: options.datagrams,
      label,
      random,
      seeds,
      config,
      joinRetry,
      maxGenerationLead,
      admit: admit && ((member) => admit(nodeMember(member))),
      streams: streams && {
        transport: {
          listen: (address) => streams.listen(address),
          dial: (address, dialing) => dialService(streams, address, SERVICES.membership, dialing),
        },
        listen: parts.services.membership ?? false,
        address: (id) => addressToDial(nodeMember({ id, incarnation: 0, state: 'alive' }), dials),
      },
    },
  });
}

function makeReplication(
  options: PortableNodeOptions,
  parts: Pick<WiredParts, 'events' | 'members'> & {
    readonly log: OpenLog;
    readonly streams: StreamTransport;
  },
): Replication {
  const { events, members, log, streams } = parts;
  const names = new ProvedNames(events, options.namesOf);
  const { dials = 'tcp', replication = {}, listeners = [] } = options;
  const delivery = new Delivery({
    maxBytes: replication.maxPendingBytes ?? MAX_UNDELIVERED,
    onFailure: (error) => events.emit({ type: 'failed', error }),
  });
  // A node that nobody can reach could not lead.
  const chosen = options.leadership === undefined ? 'self' : 'chosen';
  return new Replication(
    {
      name: options.name,
      label: options.label ?? DEFAULT_LABEL,
      log: log.store,
      kinds: options.kinds ?? SHOAL_ENTRY_KINDS,
      marks: log.marks,
      votes: log.votes,
      members,
      dialer: new PeerDialer({ streams, peers: members.peers, dials, names }),
      names,
      callbacks: options,
      delivery,
      tellRollback: (rollback) => {
        delivery.run('onRollback', async () => {
          await options.onRollback?.(rollback);
          events.emit({ type: 'rollback', ...rollback });
        });
      },
      options: replication,
      events,
      random: options.random ?? Math.random,
    },
    {
      founding: options.voters,
      elections: listeners.length > 0 ? chosen : 'manual',
      newId: idMaker(options.random),
    },
  );
}

/** Begins to serve the log, and to listen to who decides which node leads. */
function serve(
  options: PortableNodeOptions,
  parts: WiredParts,
  dispose: () => Promise<void>,
): ShoalNode {
  const { events, services, members, log, replication } = parts;
  const stopping = new AbortController();
  const stopReports = log?.store.onReport?.((report) => events.emit({ type: 'logLimit', report }));
  if (services.log) replication?.serve(services.log);
  replication?.start();
  return new ShoalNode({
    name: options.name,
    members,
    encryption: options.encryption,
    log: log?.store,
    votedTerm: () => replication?.votedTerm ?? log?.votes.term ?? 0n,
    replication,
    events,
    stopping,
    released: replication
      ? followLeadership(options, { replication, events, signal: stopping.signal })
      : Promise.resolve(),
    signal: options.signal,
    dispose: async () => {
      await closeListeners(options);
      stopReports?.();
      log?.marks.close();
      await dispose();
    },
  });
}

/** Resolves once the leadership has been given up. Never rejects. */
async function followLeadership(
  { name, leadership, voters = [], listeners = [] }: PortableNodeOptions,
  parts: {
    readonly replication: Replication;
    readonly events: Emitter<NodeEvent>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { replication, events, signal } = parts;
  if (leadership === undefined) return;
  const canLead = voters.includes(name) && listeners.length > 0;
  await followChoices({
    leadership,
    context: { name, canLead, signal },
    choose: (choice) => replication.choose(choice),
    events,
  });
}

async function closeListeners({ listeners = [] }: PortableNodeOptions): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close()));
}

function overflowError(capacity: number): NodeError {
  const text = `more than ${capacity} events were not read in time: read faster`;
  return new NodeError('overflow', `${text}, or give events() a larger capacity`);
}
