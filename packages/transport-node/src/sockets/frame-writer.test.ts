import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { FrameDecoder } from '@shoal/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameWriter } from './frame-writer.ts';

/** A socket that notes what each call to the system would write; it finishes when told to. */
class Recorder extends Writable {
  readonly calls: Buffer[] = [];
  #finish: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.calls.push(Buffer.from(chunk));
    this.#finish = callback;
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.calls.push(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    this.#finish = callback;
  }

  finish(): void {
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.();
  }
}

function create(onProgress: () => void = () => {}): [Recorder, FrameWriter] {
  const socket = new Recorder();
  return [socket, new FrameWriter(socket as unknown as Socket, onProgress)];
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function drain(socket: Recorder): Promise<void> {
  while (socket.writableLength > 0) {
    socket.finish();
    await turn();
  }
}

describe('FrameWriter', () => {
  it('writes whole frames with each call, in order, whatever their sizes', async () => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 16_380, max: 16_390 }),
      fc.integer({ min: 60_000, max: 140_000 }),
    );
    const turns = fc.array(fc.array(sizes, { maxLength: 12 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(turns, fc.boolean(), async (batches, busy) => {
        const [socket, writer] = create();
        for (const [i, batch] of batches.entries()) {
          for (const size of batch) writer.push(new Uint8Array(size).fill(size + i));
          await turn();
          if (!busy) await drain(socket);
        }
        await drain(socket);
        const got: Uint8Array[] = [];
        for (const call of socket.calls) {
          const decoder = new FrameDecoder();
          decoder.push(call);
          for (let frame = decoder.next(); frame; frame = decoder.next()) got.push(frame);
          decoder.finish(); // throws when a call ends within a frame
        }
        const sent = batches.flatMap((batch, i) =>
          batch.map((size) => new Uint8Array(size).fill(size + i)),
        );
        expect(got.length).toBe(sent.length);
        for (const [i, frame] of sent.entries()) expect(Buffer.compare(got[i]!, frame)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('writes all small frames of a turn at once', async () => {
    const [socket, writer] = create();
    for (let i = 0; i < 100; i++) writer.push(Uint8Array.of(i));
    expect([socket.calls.length, writer.buffered]).toEqual([0, 500]);
    await turn();
    expect(socket.calls.map((call) => call.length)).toEqual([500]);
  });

  it('does not hold back more than 64 KiB until the end of the turn', () => {
    const [socket, writer] = create();
    for (let i = 0; i < 66; i++) writer.push(new Uint8Array(1000));
    expect(socket.calls.map((call) => call.length)).toEqual([66 * 1004]);
  });

  it('counts waiting bytes, and reports when some of them have left', async () => {
    let told = 0;
    const [socket, writer] = create(() => told++);
    writer.push(new Uint8Array(100_000));
    writer.push(new Uint8Array(6));
    expect(writer.buffered).toBe(100_014);
    await turn();
    expect([writer.buffered, told]).toEqual([100_014, 0]);
    await drain(socket);
    expect(writer.buffered).toBe(0);
    expect(told).toBeGreaterThan(0);
  });
});
