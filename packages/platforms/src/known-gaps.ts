/** A case that a platform is known to fail, and why that is not ours to mend. */
interface KnownGap {
  readonly platform: string;
  readonly cases: RegExp;
  readonly reason: string;
}

/** Of the transports for Node only, which Bun and Deno run by what they have of Node's modules. */
const KNOWN_GAPS: readonly KnownGap[] = [
  {
    platform: 'Deno',
    cases: /^UDP: /,
    reason: 'its node:dgram has no getSendQueueSize, by which a full queue is seen',
  },
  {
    platform: 'Bun',
    cases: /^TCP: .*past the hard cap/,
    reason: 'its node:net calls back writes while it destroys a socket, which looks like progress',
  },
  {
    platform: 'Deno',
    cases: /^TCP: .*past the hard cap/,
    reason: 'its node:net calls back writes while it destroys a socket, which looks like progress',
  },
];

/** Why a case may fail on a platform; undefined if it must not. */
export function knownGap(platform: string, name: string): string | undefined {
  return KNOWN_GAPS.find((gap) => gap.platform === platform && gap.cases.test(name))?.reason;
}
