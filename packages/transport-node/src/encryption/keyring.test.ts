import { expect, it } from 'vitest';
import { Keyring } from './keyring.ts';

const FIRST = Uint8Array.from({ length: 32 }, (_, i) => i);
const SECOND = new Uint8Array(32).fill(255);

it('lists its keys by id, the primary one first', () => {
  const keyring = new Keyring(FIRST, [SECOND]);
  expect(keyring.ids).toEqual(['7037027f', 'a683689a']);
  keyring.use(SECOND);
  expect(keyring.ids).toEqual(['a683689a', '7037027f']);
  keyring.remove(FIRST);
  keyring.remove(FIRST);
  expect(keyring.ids).toEqual(['a683689a']);
  keyring.add(SECOND);
  expect(keyring.ids).toEqual(['a683689a']);
});

it('refuses a bad key, and to remove the primary one', () => {
  const argument = expect.objectContaining({ code: 'argument' });
  for (const length of [0, 16, 31, 33]) {
    expect(() => new Keyring(new Uint8Array(length))).toThrow(argument);
    expect(() => new Keyring(FIRST).add(new Uint8Array(length))).toThrow(argument);
  }
  expect(() => new Keyring(FIRST, [SECOND]).remove(FIRST)).toThrow(argument);
});

it('copies its keys and does not reveal them', () => {
  const key = FIRST.slice();
  const keyring = new Keyring(key);
  key.fill(0);
  expect(keyring.ids).toEqual(new Keyring(FIRST).ids);
  const session = new Uint8Array(12);
  const [id] = keyring.ids.map((text) => Number.parseInt(text, 16));
  const derived = keyring.derive(id!, session)!;
  expect(derived.equals(new Keyring(FIRST).derive(id!, session)!)).toBe(true);
  expect(JSON.stringify(keyring)).toBe('{}');
});
