import { toError } from '@shoal/async';
import { labelTag, SHOAL_FEATURES, SHOAL_STREAM_VERSION } from '@shoal/wire/internal';
import { SyncupError } from '../../errors.ts';
import type { FeederSession } from '../feeder/feeder-session.ts';
import type { ReplicaSession } from '../replica/replica-session.ts';
import type { MessageOf, ShoalChannel } from './shoal-channel.ts';

/** The features of this side, as bits. */
function featuresOf(options: {
  readonly log: { readonly chained: boolean };
  readonly restore: boolean;
}): number {
  return (
    SHOAL_FEATURES.heartbeats |
    (options.log.chained ? SHOAL_FEATURES.chained : 0) |
    (options.restore ? SHOAL_FEATURES.restore : 0)
  );
}

/** The tag of a label; 0 for the empty one. */
function tagOf(label: string): number {
  return label === '' ? 0 : labelTag(label);
}

/**
 * Answers a hello. Returns the features that both sides have. Throws `version`, `label`,
 * `refused` if the feeder's owner does not admit the replica, or `stale-term` if the replica knows
 * a higher term.
 */
export function welcomeReplica(
  session: FeederSession,
  channel: ShoalChannel,
  hello: MessageOf<'hello'>,
): number {
  const { label, term, log } = session.options;
  if (hello.versionMin > SHOAL_STREAM_VERSION || hello.versionMax < SHOAL_STREAM_VERSION) {
    const offered = `${hello.versionMin} to ${hello.versionMax}`;
    const text = `the replica speaks versions ${offered}, not ${SHOAL_STREAM_VERSION}`;
    throw new SyncupError('version', text);
  }
  if (hello.label !== tagOf(label)) {
    throw new SyncupError('label', 'the replica belongs to another cluster');
  }
  admit(session, channel, hello);
  if (hello.term > term) {
    session.events.emit({ type: 'staleTerm', term: hello.term });
    const text = `the replica knows term ${hello.term}, but this feeder is in term ${term}`;
    throw new SyncupError('stale-term', text);
  }
  const features = featuresOf(session.options) & hello.features;
  const { first, last } = log.range;
  channel.send({
    type: 'welcome',
    version: SHOAL_STREAM_VERSION,
    features,
    label: hello.label,
    term,
    first,
    last,
  });
  return features;
}

/** Throws `refused` if the owner of the feeder does. */
function admit(
  { options }: FeederSession,
  { connection }: ShoalChannel,
  { name, term }: MessageOf<'hello'>,
): void {
  try {
    const { address, peer } = connection;
    options.admit?.({ name, address, peer, term, vouch: () => connection.vouch() });
  } catch (cause) {
    throw new SyncupError('refused', toError(cause).message, { cause });
  }
}

/**
 * Sends a hello and checks the welcome. Throws `timeout`, `protocol`, `version`, `label`,
 * `stale-term` if the feeder's term is lower than the highest known, or `rollback-prohibited` if
 * the feeder lacks durable entries.
 */
export async function greetFeeder(
  session: ReplicaSession,
  channel: ShoalChannel,
): Promise<MessageOf<'welcome'>> {
  const { label, log, name, stepTimeout, rollback, onTerm } = session.options;
  channel.send({
    type: 'hello',
    versionMin: SHOAL_STREAM_VERSION,
    versionMax: SHOAL_STREAM_VERSION,
    features: featuresOf(session.options),
    label: tagOf(label),
    term: session.term,
    name,
  });
  channel.connection.allow(stepTimeout, 'the feeder sent no welcome');
  const welcome = await channel.expect('welcome');
  channel.connection.clearDeadline();
  if (welcome.version !== SHOAL_STREAM_VERSION) {
    throw new SyncupError('version', `the feeder chose version ${welcome.version}`);
  }
  if ((welcome.features & ~featuresOf(session.options)) !== 0) {
    throw new SyncupError('protocol', 'the feeder chose features that were not offered');
  }
  if (welcome.first > welcome.last + 1n) {
    const range = `${welcome.first} to ${welcome.last}`;
    throw new SyncupError('protocol', `the feeder claims to hold VLSN ${range}`);
  }
  if (welcome.label !== tagOf(label)) {
    throw new SyncupError('label', 'the feeder belongs to another cluster');
  }
  if (welcome.term < session.term) {
    const text = `the feeder is in term ${welcome.term}, but term ${session.term} is known`;
    throw new SyncupError('stale-term', text);
  }
  await onTerm?.(welcome.term);
  session.term = welcome.term;
  const { durable } = log.range;
  if (welcome.last < durable && !rollback?.durableLimit) {
    // A majority holds entries that this feeder lacks, so it cannot be the leader's.
    const text = `the feeder ends at VLSN ${welcome.last}, but entries up to ${durable} are durable`;
    throw new SyncupError('rollback-prohibited', text);
  }
  return welcome;
}
