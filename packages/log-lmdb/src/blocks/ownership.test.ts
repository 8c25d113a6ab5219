import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectories } from '../../test/directory.test-helper.ts';
import { code, commits, texts } from '../../test/log.test-helper.ts';
import { openLmdbLog } from '../open/open-lmdb-log.ts';
import { Ownership } from './ownership.ts';

const directory = temporaryDirectories();

it('is held by the process that took it last', () => {
  const path = directory();
  mkdirSync(path, { recursive: true });
  const first = new Ownership(path);
  expect(first.isHeld).toBe(true);
  const second = new Ownership(path);
  expect([first.isHeld, second.isHeld]).toEqual([false, true]);
  first.close();
  second.close();
  second.close();
  expect(second.isHeld).toBe(false);
  expect(readdirSync(path)).toEqual(['owner']);
  expect(readFileSync(join(path, 'owner'), 'latin1')).toMatch(/^[0-9a-f-]{36}$/);
});

it('is asked before and after each commit: what is confirmed was committed by the owner', async () => {
  const path = directory();
  const log = await openLmdbLog({ path });
  await log.append(commits(3));
  const under = log.append(commits(1, 10, 'late'));
  // Another process takes the log while the commit is under way, and has not opened it yet.
  const taken = new Ownership(path);
  await expect(under).rejects.toThrow(code('storage'));
  await expect(log.append(commits(1))).rejects.toThrow(code('storage'));
  await log.close();
  expect(taken.isHeld).toBe(true);
  taken.close();
  await using again = await openLmdbLog({ path });
  expect((await texts(again)).length).toBeGreaterThanOrEqual(3);
});
