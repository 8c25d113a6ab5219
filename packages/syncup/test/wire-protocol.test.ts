import { readFileSync } from 'node:fs';
import {
  decodeShoalStream,
  encodeEntries,
  encodeShoalStream,
  type ShoalStreamMessage,
} from '@shoal/wire';
import { describe, expect, it } from 'vitest';
import { resolveFeederOptions } from '../src/driver/feeder/feeder-options.ts';
import { resolveReplicaOptions } from '../src/driver/replica/replica-options.ts';
import { Hash64 } from '../src/fingerprint/hash64.ts';
import { SHOAL_ENTRY_KINDS } from '../src/log/entry-kinds.ts';
import { MAX_PAYLOAD } from '../src/log/snapshot-format.ts';
import { MemoryLog } from '../src/memory-log/memory-log.ts';
import { bytes, commit, data } from './log.test-helper.ts';

// The examples of the specification, which are blocks marked "hex NAME".
const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');
const examples = new Map(
  [...doc.matchAll(/```hex (stream-[a-z-]+)\n([\s\S]*?)```/g)].map(([, name, body]) => [
    name!,
    body!.replace(/#.*$/gm, '').replace(/\s/g, ''),
  ]),
);

/** Of VLSN 2 of the log in the specification. */
const FINGERPRINT = 0x4c6eea05ba78eaf1n;

const messages: Record<string, ShoalStreamMessage> = {
  'stream-hello': {
    type: 'hello',
    versionMin: 1,
    versionMax: 1,
    features: 3,
    label: 0x1f6e_bd3c,
    term: 7n,
    name: 'b',
  },
  'stream-welcome': {
    type: 'welcome',
    version: 1,
    features: 3,
    label: 0x1f6e_bd3c,
    term: 7n,
    first: 1n,
    last: 300n,
  },
  'stream-entry-request': { type: 'entryRequest', vlsn: 258n },
  'stream-entry': {
    type: 'entry',
    vlsn: 258n,
    lsn: 4096n,
    fingerprint: 0xfedcba9876543210n,
    isSync: true,
  },
  'stream-entry-not-found': { type: 'entryNotFound' },
  'stream-alternate': {
    type: 'alternateMatchpoint',
    vlsn: 200n,
    lsn: 2048n,
    fingerprint: 5n,
    isSync: true,
  },
  'stream-start': { type: 'startStream', startVlsn: 201n },
  'stream-restore-request': { type: 'restoreRequest', failedVlsn: 1n },
  'stream-restore-response': { type: 'restoreResponse' },
  'stream-entries': {
    type: 'entries',
    firstVlsn: 201n,
    entries: [
      { type: 0, payload: bytes('k=v') },
      { type: 1, payload: bytes('') },
    ],
  },
  'stream-chained-entries': {
    type: 'chainedEntries',
    fingerprint: FINGERPRINT,
    firstVlsn: 1n,
    count: 2,
  },
  'stream-ack': { type: 'ack', vlsn: 202n },
  'stream-heartbeat': {
    type: 'heartbeat',
    term: 7n,
    last: 202n,
    durable: 200n,
    time: 1_700_000_000_000,
  },
  'stream-restore-resume': { type: 'restoreResume', snapshot: 9n, offset: 65_536 },
  'stream-restore-begin': {
    type: 'restoreBegin',
    snapshot: 9n,
    size: 100_000,
    offset: 65_536,
    last: 202n,
  },
  'stream-restore-chunk': { type: 'restoreChunk', offset: 65_536, bytes: bytes('abc') },
  'stream-restore-end': { type: 'restoreEnd', size: 100_000, digest: 0x0123456789abcdefn },
  'stream-goodbye': { type: 'goodbye', code: 5, reason: 'shutdown' },
};

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

describe('the streams in the specification', () => {
  it.each(Object.entries(messages))('%s', (name, message) => {
    expect(hex(encodeShoalStream(message))).toBe(examples.get(name));
    const frame = new Uint8Array(Buffer.from(examples.get(name)!, 'hex'));
    expect(decodeShoalStream(frame)).toEqual(message);
  });

  it('has an example for each message, and a test for each example', () => {
    const others = ['stream-log', 'stream-snapshot', 'stream-encoded-entries'];
    expect([...examples.keys()].sort()).toEqual([...Object.keys(messages), ...others].sort());
  });

  it('the entries after chained entries', () => {
    expect(hex(encodeEntries([data('k=v'), commit('')]))).toBe(
      examples.get('stream-encoded-entries'),
    );
  });

  it('fingerprints and LSNs', async () => {
    const log = new MemoryLog();
    await log.append([data('k=v'), commit('')]);
    expect(log.entry(2n)!.fingerprint).toBe(FINGERPRINT);
    const written = [1n, 2n].map((vlsn) => {
      const { lsn, fingerprint } = log.entry(vlsn)!;
      const row = Buffer.alloc(16);
      row.writeBigUInt64LE(lsn);
      row.writeBigUInt64LE(fingerprint, 8);
      return row.toString('hex');
    });
    expect(written.join('')).toBe(examples.get('stream-log'));
  });

  it('a snapshot and its digest', async () => {
    const log = new MemoryLog();
    await log.append([data('k=v'), commit('')]);
    log.noteDurable(1n);
    const parts: Uint8Array[] = [];
    const hash = new Hash64();
    for await (const chunk of (await log.exportSnapshot()).chunks()) {
      parts.push(chunk);
      hash.update(chunk);
    }
    const digest = Buffer.alloc(8);
    digest.writeBigUInt64LE(hash.digest());
    expect(hex(Buffer.concat([...parts, digest]))).toBe(examples.get('stream-snapshot'));
  });
});

describe('the numbers in the specification', () => {
  const rows = [...doc.matchAll(/^\| (.+?) +\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, ...cells]) => cells,
  );

  it('are the types of entries', () => {
    const { isSync, isTxnEnd } = SHOAL_ENTRY_KINDS;
    const told = rows.filter(([type, , sync]) => /^\d/.test(type!) && /^(yes|no)$/.test(sync!));
    const kinds = told.flatMap(([types, , sync, end]) => {
      const [first, last = first] = types!.split('-').map(Number);
      return Array.from({ length: last! - first! + 1 }, (_, i) => [first! + i, sync, end]);
    });
    const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
    expect(kinds).toEqual(
      Array.from({ length: 256 }, (_, type) => [type, yesNo(isSync(type)), yesNo(isTxnEnd(type))]),
    );
  });

  it('are the deadlines', () => {
    const log = new MemoryLog();
    const feeder = resolveFeederOptions({ log });
    const replica = resolveReplicaOptions({ log, dial: () => Promise.reject(new Error()) });
    const deadlines = [...doc.matchAll(/^\| `(\w+)` +\| (\d+) +\| [^|]+\|$/gm)]
      .map(([, name, value]) => [name!, Number(value)] as const)
      .filter(([name]) => name in feeder);
    expect(deadlines.map(([name]) => name)).toEqual([
      'stepTimeout',
      'idleTimeout',
      'heartbeatInterval',
      'restoreGrace',
    ]);
    expect(feeder).toMatchObject(Object.fromEntries(deadlines));
    expect(replica).toMatchObject(Object.fromEntries(deadlines.slice(0, 3)));
    expect(doc).toContain(`A feeder that sends ${feeder.maxRestores} copies already refuses`);
    expect(feeder.label).toBe('');
  });

  it('are the longest payload', () => {
    expect(doc).toContain(`payloads of at most ${MAX_PAYLOAD.toLocaleString('en-US')} bytes`);
  });
});
