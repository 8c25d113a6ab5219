import { type LogStore, SyncupError, type SyncupErrorCode } from '@shoal/syncup';
import { check } from '../checks.ts';
import { contents, told } from './log-contents.ts';

/** Fails the case unless both logs have the same entries, LSNs and fingerprints. */
export async function checkSame(a: LogStore, b: LogStore): Promise<void> {
  checkList(await contents(a), await contents(b), 'the entries');
  const { first, last } = a.range;
  for (let vlsn = first; vlsn > 0n && vlsn <= last; vlsn++) {
    checkText(told(await a.entry(vlsn)), told(await b.entry(vlsn)), `entry ${vlsn}`);
  }
}

/** Fails the case unless both texts are equal. */
export function checkText(actual: string, expected: string, what: string): void {
  check(actual === expected, `${what} must be "${expected}", not "${actual}"`);
}

/** Fails the case unless both VLSNs are equal. */
export function checkVlsn(actual: bigint, expected: bigint, what: string): void {
  check(actual === expected, `${what} must be ${expected}, not ${actual}`);
}

/** Fails the case unless both lists are equal. Reports the first difference. */
export function checkList(
  actual: readonly string[],
  expected: readonly string[],
  what: string,
): void {
  const limit = Math.max(actual.length, expected.length);
  for (let i = 0; i < limit; i++) {
    check(actual[i] === expected[i], `${what}: item ${i} must be ${expected[i]}, not ${actual[i]}`);
  }
}

/** Fails the case unless the promise rejects with a `SyncupError` with this code. */
export async function checkRefuses(
  promise: Promise<unknown>,
  code: SyncupErrorCode,
  what: string,
): Promise<void> {
  let error: unknown;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  check(error instanceof SyncupError, `${what} must be refused with a SyncupError, not ${error}`);
  check(
    error.code === code,
    `${what} must be refused with ${code}, not ${error.code}: ${error.message}`,
  );
}
