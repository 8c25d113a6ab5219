import { readFileSync } from 'node:fs';
import { DEFAULT_TIMING } from '@shoal/consensus';
import { labelTag } from '@shoal/wire/internal';
import { describe, expect, it } from 'vitest';
import { markEntry } from '../src/log/mark-entry.ts';
import {
  encodeNodeMetadata,
  MAX_APPLICATION_BYTES,
  MAX_NAME_BYTES,
  ROLES,
} from '../src/members/node-metadata.ts';
import { MAX_VOTERS } from '../src/messages/fields.ts';
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  MAX_FRAME_BYTES,
} from '../src/messages/message-codec.ts';
import { SERVICES } from '../src/services.ts';
import { termOf } from '../src/votes/term.ts';

const doc = readFileSync(new URL('../../../docs/wire-protocol.md', import.meta.url), 'utf8');

const id = (byte: string): string => byte.repeat(16);
const [life, logId] = [id('11'), '0f0e0d0c0b0a09080706050403020100'];
const stores = { a: id('aa'), b: id('bb'), c: id('cc') };
const voters = Object.entries(stores).map(([name, storeId]) => ({ name, storeId }));

const FRAMES: { readonly [T in Frame['type']]?: Extract<Frame, { type: T }> } = {
  hello: { type: 'hello', label: labelTag('shoal'), from: 'a', to: 'b' },
  voteRequest: {
    ...{ type: 'voteRequest', term: 1n, life, logId: undefined },
    founding: ['a', 'b', 'c'],
  },
  grant: {
    ...{ type: 'grant', term: 8n, life, storeId: stores.b },
    position: { term: 7n, index: 300n },
  },
  refusal: { type: 'refusal', term: 8n, reason: 'voted', votedTerm: 9n, storeId: stores.c },
  heartbeat: { type: 'heartbeat', term: 8n, commit: 301n, logId },
  acknowledgement: { type: 'acknowledgement', term: 8n, storeId: stores.b, index: 302n },
};

/** The bytes of an example, which is a block marked with this text. */
function example(mark: string): string {
  const [, hex] = new RegExp(`^\`\`\`hex ${mark}\n([\\s\\S]*?)^\`\`\``, 'm').exec(doc)!;
  return hex!.replace(/\s/g, '');
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('what docs/wire-protocol.md says about nodes', () => {
  it('names every service', () => {
    const named = [...doc.matchAll(/^\| `(shoal\/\w+)` /gm)].map(([, name]) => name);
    expect(named).toEqual(Object.values(SERVICES));
  });

  it('has an example of metadata', () => {
    const metadata = encodeNodeMetadata({
      name: 'a',
      role: 'leader',
      term: termOf(1n, 0n),
      started: 1_700_000_000_000,
      streamAddress: '10.0.0.1:7000',
      application: Uint8Array.of(1, 2),
    });
    expect(toHex(metadata)).toBe(example('node-metadata'));
  });

  it('has the roles and the limits', () => {
    expect(doc).toContain(ROLES.map((role, i) => `${i}: ${role}`).join('. '));
    expect(doc).toMatch(new RegExp(`\\| \`name\` +\\| 1\\.\\.${MAX_NAME_BYTES} bytes`));
    expect(doc).toMatch(
      new RegExp(`\\| \`application\` +\\| 0\\.\\.${MAX_APPLICATION_BYTES} bytes`),
    );
  });

  it('says what a term is', () => {
    expect(doc).toContain('a term is `epoch × 2^20 + round`');
    expect(termOf(3n, 2n)).toBe(3n * 2n ** 20n + 2n);
  });
});

describe('what docs/wire-protocol.md says about consensus', () => {
  it.each(Object.entries(FRAMES))('%s is what the codec writes and reads', (type, frame) => {
    const hex = example(`consensus ${type}`);
    expect(toHex(encodeFrame(frame))).toBe(hex);
    expect(decodeFrame(Buffer.from(hex, 'hex'))).toEqual(frame);
  });

  it('has no other examples', () => {
    const found = [...doc.matchAll(/^```hex consensus (\w+)$/gm)].map(([, name]) => name);
    expect(found).toEqual([...Object.keys(FRAMES), 'mark']);
  });

  it('lists every message with its opcode', () => {
    const section = doc.split('### Messages of consensus\n')[1]!.split('\n### ')[0]!;
    const listed = [...section.matchAll(/^\| (\d+) +\| `(\w+)` +\|/gm)].map(([, opcode, type]) => [
      Number(opcode),
      type,
    ]);
    const [term, storeId, position] = [1n, stores.a, { term: 1n, index: 1n }];
    const all: { readonly [T in Frame['type']]: Extract<Frame, { type: T }> } = {
      hello: { type: 'hello', label: 0, from: 'a', to: 'b' },
      preVoteRequest: { type: 'preVoteRequest', term, logId },
      preVoteReply: {
        ...{ type: 'preVoteReply', term, granted: true, votedTerm: term, position },
        configuration: undefined,
      },
      voteRequest: { type: 'voteRequest', term, life, logId },
      grant: { type: 'grant', term, life, storeId, position },
      refusal: { type: 'refusal', term, reason: 'voted', votedTerm: term, storeId },
      heartbeat: { type: 'heartbeat', term, commit: 0n, logId },
      acknowledgement: { type: 'acknowledgement', term, storeId, index: 0n },
      campaignNow: { type: 'campaignNow', term },
    };
    expect(listed).toEqual(Object.values(all).map((frame) => [encodeFrame(frame)[0], frame.type]));
    const defined = [...section.matchAll(/^(\w+) +:=/gm)].map(([, name]) => name);
    expect(defined).toEqual(expect.arrayContaining(Object.keys(all)));
  });

  it('lists the reasons of a refusal', () => {
    const reasons = ['voted', 'other-log', 'other-voters', 'impossible-term'] as const;
    const table = doc.split('| `reason` |')[1]!.split('\n\n')[0]!;
    const listed = [...table.matchAll(/^\| (\d) /gm)].map(([, value]) => Number(value));
    const written = reasons.map((reason) => encodeFrame({ ...FRAMES.refusal!, reason })[9]);
    expect(listed).toEqual(written);
  });

  it('describes the entry that marks a term', () => {
    const configuration = { voters };
    const { type, payload } = markEntry({ term: 8n, cluster: { logId, configuration } });
    expect(toHex(payload)).toBe(example('consensus mark'));
    expect(doc).toMatch(new RegExp(`^\\| ${type} +\\| term mark: `, 'm'));
    const bare = markEntry({ term: 8n, cluster: undefined });
    expect(toHex(payload).startsWith(toHex(bare.payload))).toBe(true);
  });

  it('has the limits and the times', () => {
    const bytes = MAX_FRAME_BYTES.toLocaleString('en-US');
    expect(doc).toContain(`The longest frame takes ${bytes} bytes`);
    expect(doc).toContain(`${bytes} for \`shoal/consensus\``);
    expect(doc).toContain(`at most ${MAX_VOTERS} voters`);
    const { electionTimeout, heartbeatInterval, hintDelay } = DEFAULT_TIMING;
    expect(electionTimeout).toEqual({ min: 1000, max: 2000 });
    expect(doc).toContain('a random time of 1 to 2 s');
    expect(doc).toContain(`up to ${hintDelay} ms`);
    expect(doc).toContain(`every ${heartbeatInterval} ms`);
  });
});
