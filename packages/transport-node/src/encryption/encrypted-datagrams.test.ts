import type { DatagramTransport } from '@shoal/transport';
import { describe, expect, it } from 'vitest';
import { createUdpTransport } from '../udp/udp-transport.ts';
import { encryptDatagrams } from './encrypted-datagrams.ts';
import type { EncryptionOptions } from './encryption-options.ts';
import { Keyring } from './keyring.ts';

const OLD = new Uint8Array(32).fill(1);
const NEW = new Uint8Array(32).fill(2);

/** Hands what is sent to whatever receives, at once, and notes it. */
class Loop implements DatagramTransport {
  readonly localAddress = '127.0.0.1:1';
  readonly maxDatagramSize: number;
  readonly sent: Uint8Array[] = [];
  closed = false;
  #handlers: ((from: string, bytes: Uint8Array) => void)[] = [];

  constructor(maxDatagramSize = 1452) {
    this.maxDatagramSize = maxDatagramSize;
  }

  send(to: string, bytes: Uint8Array): boolean {
    this.sent.push(bytes);
    for (const handler of this.#handlers) handler(to, bytes);
    return to !== 'full';
  }

  receive(handler: (from: string, bytes: Uint8Array) => void): void {
    this.#handlers.push(handler);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A member over the loop: what it sends and what reaches it. */
function member(loop: Loop, keyring: Keyring, options: Partial<EncryptionOptions> = {}) {
  const transport = encryptDatagrams(loop, { keyring, label: 'test', ...options });
  const got: string[] = [];
  transport.receive((_from, bytes) => got.push(new TextDecoder().decode(bytes)));
  return {
    transport,
    keyring,
    got,
    say: (text: string) => transport.send('peer', utf8(text)),
    refused: () =>
      Object.fromEntries(
        Object.entries(transport.stats().refused).filter(([, count]) => count > 0),
      ),
  };
}

describe('encryptDatagrams', () => {
  it('encrypts the datagrams, keeps the sender, and passes on the result of send', () => {
    const loop = new Loop();
    const keyring = new Keyring(OLD);
    const a = encryptDatagrams(loop, { keyring, label: 'test' });
    const got: unknown[] = [];
    encryptDatagrams(loop, { keyring, label: 'test' }).receive((from, bytes) => {
      got.push([from, new TextDecoder().decode(bytes)]);
    });
    expect(a.send('peer', utf8('a secret'))).toBe(true);
    expect(a.send('full', utf8('b'))).toBe(false);
    expect(got).toEqual([
      ['peer', 'a secret'],
      ['full', 'b'],
    ]);
    expect(Buffer.from(loop.sent[0]!).includes('secret')).toBe(false);
    expect(a.localAddress).toBe(loop.localAddress);
    expect(a.stats().sealed).toBe(2);
  });

  it('reduces the size by its overhead, and enforces it', () => {
    const loop = new Loop(1452);
    const { transport } = member(loop, new Keyring(OLD));
    expect(transport.maxDatagramSize).toBe(1409);
    transport.send('peer', new Uint8Array(1409));
    expect(loop.sent[0]!.length).toBe(1452);
    expect(() => transport.send('peer', new Uint8Array(1410))).toThrow(
      expect.objectContaining({ code: 'size' }),
    );
    transport.mode = 'prepare';
    expect(() => transport.send('peer', new Uint8Array(1410))).toThrow(
      expect.objectContaining({ code: 'size' }),
    );
  });

  it('changes keys without losing a datagram, whatever step each member is at', () => {
    const loop = new Loop();
    const members = [0, 1, 2].map(() => member(loop, new Keyring(OLD)));
    const sent: string[] = [];
    const talk = (): void => {
      for (const [i, speaker] of members.entries()) {
        sent.push(`${sent.length} by ${i}`);
        speaker.say(sent.at(-1)!);
      }
    };
    const steps = [
      (keyring: Keyring) => keyring.add(NEW),
      (keyring: Keyring) => keyring.use(NEW),
      (keyring: Keyring) => keyring.remove(OLD),
    ];
    talk();
    for (const step of steps) {
      for (const { keyring } of members) {
        step(keyring);
        talk();
      }
    }
    for (const { got, refused } of members) {
      expect(got).toEqual(sent);
      expect(refused()).toEqual({});
    }
    const late = member(loop, new Keyring(OLD));
    late.say('with the old key');
    expect(members.map(({ refused }) => refused())).toEqual([{ key: 1 }, { key: 1 }, { key: 1 }]);
  });

  it('takes a plain cluster to an encrypted one without losing a datagram', () => {
    const loop = new Loop();
    const members = [0, 1, 2].map(() => member(loop, new Keyring(OLD), { mode: 'prepare' }));
    const sent: string[] = [];
    const talk = (): void => {
      for (const [i, speaker] of members.entries()) {
        sent.push(`${sent.length} by ${i}`);
        speaker.say(sent.at(-1)!);
      }
    };
    talk();
    expect(loop.sent.map((bytes) => new TextDecoder().decode(bytes))).toEqual(sent);
    for (const mode of ['migrate', 'strict'] as const) {
      for (const { transport } of members) {
        transport.mode = mode;
        talk();
      }
    }
    for (const { got, refused } of members) {
      expect(got).toEqual(sent);
      expect(refused()).toEqual({});
    }
    loop.send('peer', utf8('plain'));
    expect(members[0]!.refused()).toEqual({ plain: 1 });
    expect(members[0]!.transport.stats()).toMatchObject({ plain: 6, opened: sent.length - 6 });
  });

  it('refuses badly encrypted datagrams in every mode', () => {
    for (const mode of ['strict', 'migrate', 'prepare'] as const) {
      const loop = new Loop();
      const { got, refused } = member(loop, new Keyring(OLD), { mode });
      member(loop, new Keyring(OLD), { label: 'another' }).say('x');
      member(loop, new Keyring(NEW)).say('x');
      expect(got).toEqual([]);
      expect(refused()).toEqual({ forged: 1, key: 1 });
    }
  });

  it('does not accept plain datagrams in an unknown mode', () => {
    const loop = new Loop();
    const { got, refused } = member(loop, new Keyring(OLD), { mode: 'STRICT' as 'strict' });
    loop.send('peer', utf8('plain'));
    expect([got, refused()]).toEqual([[], { plain: 1 }]);
  });

  it('refuses replays, with maxClockSkew also after a restart', () => {
    const loop = new Loop();
    let time = 1_700_000_000_000;
    const now = (): number => time;
    const a = member(loop, new Keyring(OLD), { now });
    a.say('once');
    const [recorded] = loop.sent;
    loop.send('peer', recorded!);
    expect([a.got, a.refused()]).toEqual([['once'], { replayed: 1 }]);
    time += 61_000;
    const restarted = member(loop, new Keyring(OLD), { now, maxClockSkew: 60_000 });
    loop.send('peer', recorded!);
    a.say('again');
    expect([restarted.got, restarted.refused()]).toEqual([['again'], { stale: 1 }]);
    time -= 62_000; // the clock of the next sender is behind, and too far behind
    a.say('from the past');
    time += 62_000 + 61_000;
    loop.send('peer', loop.sent.at(-1)!);
    expect(restarted.got).toEqual(['again', 'from the past']);
    expect(restarted.refused()).toEqual({ stale: 2 });
  });

  it('works over UDP and closes it', async () => {
    const keyring = new Keyring(OLD);
    const inner = await createUdpTransport({ bind: '127.0.0.1:0' });
    await using a = encryptDatagrams(inner, { keyring, label: 'test' });
    await using b = encryptDatagrams(await createUdpTransport({ bind: '127.0.0.1:0' }), {
      keyring,
      label: 'test',
    });
    const received = new Promise<[string, Uint8Array]>((resolve) => {
      b.receive((from, bytes) => resolve([from, bytes]));
    });
    a.send(b.localAddress, new Uint8Array(1409).fill(7));
    expect(await received).toEqual([a.localAddress, new Uint8Array(1409).fill(7)]);
    await a.close();
    expect(inner.send(b.localAddress, utf8('x'))).toBe(false);
  });

  it('refuses options out of range', () => {
    const argument = expect.objectContaining({ code: 'argument' });
    const bad: Partial<EncryptionOptions>[] = [
      { label: '' },
      { label: 'é'.repeat(128) },
      { maxSenders: 0 },
      { maxClockSkew: 999 },
      { maxClockSkew: Number.NaN },
    ];
    for (const options of bad) {
      expect(() => member(new Loop(), new Keyring(OLD), options)).toThrow(argument);
    }
    expect(() => member(new Loop(43), new Keyring(OLD))).toThrow(argument);
  });
});
