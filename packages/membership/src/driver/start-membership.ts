import { MAX_TIMER_DELAY } from '@shoal/async';
import { type NodeIdentity, shoalCodec } from '@shoal/wire';
import { labelTag } from '@shoal/wire/internal';
import { lan } from '../config.ts';
import { SwimError } from '../errors.ts';
import { boundedTraits } from '../members/identity.ts';
import { Swim } from '../swim.ts';
import { knownMembers } from './known-members.ts';
import { Membership } from './membership.ts';
import type {
  CustomMembershipOptions,
  DriverEvent,
  MembershipOptions,
  StreamsOptions,
} from './options.ts';
import { STREAMS_DEFAULTS } from './streams.ts';
import type { RunnerParts } from './swim-runner.ts';

const DEFAULT_LABEL = 'shoal';

/**
 * Makes this process a member of a cluster: joins at the seeds, over `transport`, and keeps trying
 * until it succeeds. Speaks Shoal's own protocol or, given a codec, another one.
 *
 * Throws a `SwimError`, with nothing started: `config` for an option outside its range, `identity`
 * for an identity that cannot be sent.
 */
export function startMembership(options: MembershipOptions): Membership<NodeIdentity>;
export function startMembership<Id>(options: CustomMembershipOptions<Id>): Membership<Id>;
export function startMembership(
  options: MembershipOptions | CustomMembershipOptions<unknown>,
): Membership<NodeIdentity> | Membership<unknown> {
  return 'codec' in options
    ? new Membership(customParts(options))
    : new Membership(nodeParts(options));
}

/**
 * As {@link startMembership}, for a layer above that dispatches events itself: `onEvent` gets each
 * event first, straight from the machine. An event that is caused by `onEvent` comes after the
 * current one. It must not throw.
 */
export function startMembershipWithSink(
  options: MembershipOptions,
  onEvent: (event: DriverEvent<NodeIdentity>) => void,
): Membership<NodeIdentity> {
  return new Membership({ ...nodeParts(options), onEvent });
}

function nodeParts(options: MembershipOptions): RunnerParts<NodeIdentity> {
  const { seeds = [], label = DEFAULT_LABEL } = options;
  const identity: NodeIdentity = {
    address: options.transport.localAddress,
    generation: Date.now(),
    metadata: new Uint8Array(0),
    ...options.identity,
  };
  const lookUp = typeof seeds === 'function' ? seeds : () => seeds;
  return customParts({
    ...options,
    identity,
    traits: boundedTraits({ now: Date.now, maxLead: options.maxGenerationLead }),
    codec: shoalCodec({ label }),
    seeds: async () => (await lookUp()).map(identityAt),
  });
}

/** An identity to announce to: only its address matters, see {@link Swim.announce}. */
function identityAt(address: string): NodeIdentity {
  return { address, generation: 0, metadata: new Uint8Array(0) };
}

function customParts<Id>(options: CustomMembershipOptions<Id>): RunnerParts<Id> {
  const { identity, traits, codec, broadcasts, admit, transport, seeds = [] } = options;
  const { streams, signal } = options;
  const { label = DEFAULT_LABEL, random = Math.random, joinRetry = {} } = options;
  const { maxPacketSize, ...config } = options.config ?? lan();
  const limited = {
    ...config,
    maxPacketSize: Math.min(maxPacketSize, transport.maxDatagramSize),
  };
  const swim = new Swim({ identity, traits, codec, config: limited, random, broadcasts, admit });
  transport.useMembers?.(knownMembers({ swim, codec, traits }));
  return {
    swim,
    traits,
    config: limited,
    random,
    transport,
    joinRetry,
    lookUpSeeds: typeof seeds === 'function' ? seeds : () => seeds,
    streams: streams && { ...checkedStreams(streams), codec, label: labelTag(label) },
    signal,
    onEvent: undefined,
  };
}

/** Fills in defaults. Throws `config` for a setting outside its range. */
function checkedStreams<Id>(options: StreamsOptions<Id>): StreamsOptions<Id> & {
  readonly interval: number;
  readonly timeout: number;
  readonly maxServed: number;
} {
  const {
    interval = STREAMS_DEFAULTS.interval,
    timeout = STREAMS_DEFAULTS.timeout,
    maxServed = STREAMS_DEFAULTS.maxServed,
  } = options;
  const check = (name: string, value: number, least: number): void => {
    if (value >= least && value <= MAX_TIMER_DELAY) return;
    const range = `${least}..${MAX_TIMER_DELAY}`;
    throw new SwimError('config', `streams.${name} must be a number of ${range}, not ${value}`);
  };
  check('interval', interval, 0);
  check('timeout', timeout, 1);
  check('maxServed', maxServed, 1);
  return { ...options, interval, timeout, maxServed };
}
