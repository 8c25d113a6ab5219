import { describe, expect, it } from 'vitest';
import { archived, commits, data, inPieces, logOf } from '../../test/log.test-helper.ts';

const code = (value: string): unknown => expect.objectContaining({ code: value });

describe('snapshots of a MemoryLog', () => {
  it('are as long as they say, and can be read from any offset', async () => {
    const log = await logOf(commits(50), [data('x'.repeat(200_000))], commits(3));
    const snapshot = await log.exportSnapshot();
    await log.append(commits(4, 'later'));
    const read = async (offset: number): Promise<Uint8Array> => {
      const parts: Uint8Array[] = [];
      for await (const chunk of snapshot.chunks(offset)) parts.push(chunk);
      return new Uint8Array(Buffer.concat(parts));
    };
    const whole = await read(0);
    expect(whole.length).toBe(snapshot.size);
    for (const offset of [1, 47, 48, 49, 60, 100, 150_000, whole.length - 8, whole.length - 1]) {
      expect(Buffer.compare(await read(offset), whole.subarray(offset))).toBe(0);
    }
    await expect(read(whole.length + 1)).rejects.toThrow(code('argument'));
    await snapshot[Symbol.asyncDispose]();
    await expect(read(0)).rejects.toThrow(code('closed'));
  });

  it('are refused if damaged anywhere, cut or too long; the log is unchanged', async () => {
    const source = await logOf(commits(10));
    const chunks: Uint8Array[] = [];
    for await (const chunk of inPieces(source, 1 << 20)) chunks.push(chunk);
    const good = new Uint8Array(Buffer.concat(chunks));
    const target = await logOf(commits(3, 'mine'));
    const before = target.digest();
    async function* of(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      yield bytes;
    }
    // Reserved bits that would matter, the range, the base and every entry; not the LSN, which
    // nothing in a snapshot proves, nor what is durable.
    const unproven = (at: number): boolean => (at >= 24 && at < 32) || (at >= 40 && at < 48);
    for (let at = 0; at < good.length; at++) {
      if (unproven(at)) continue;
      const damaged = good.slice();
      damaged[at]! ^= 0x55;
      // Byte 4 is the version: any other may be that of a later release.
      await expect(target.importSnapshot(of(damaged)), `byte ${at}`).rejects.toThrow(
        code(at === 4 ? 'version' : 'snapshot'),
      );
    }
    for (const length of [0, 5, 48, good.length - 1]) {
      await expect(target.importSnapshot(of(good.subarray(0, length)))).rejects.toThrow(
        code('snapshot'),
      );
    }
    const longer = new Uint8Array([...good, 0]);
    await expect(target.importSnapshot(of(longer))).rejects.toThrow(code('snapshot'));
    expect(target.digest()).toBe(before);
    await target.importSnapshot(of(good));
    expect(target.digest()).toBe(source.digest());
    for await (const archive of target.archives()) {
      expect(await archived(archive)).toEqual(['1:1:mine1', '2:1:mine2', '3:1:mine3']);
    }
  });
});
