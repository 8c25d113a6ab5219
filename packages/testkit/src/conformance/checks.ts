import {
  formatAddress,
  parseAddress,
  TransportError,
  type TransportErrorCode,
} from '@shoal/transport';

/** Fails the case unless `condition` holds. */
export function check(condition: boolean, requirement: string): asserts condition {
  if (!condition) throw new Error(`requirement not met: ${requirement}`);
}

/** Fails the case unless both are equal. */
export function checkEqual<T extends string | number | boolean>(
  actual: T,
  expected: T,
  what: string,
): void {
  check(actual === expected, `${what} must be ${expected}, not ${actual}`);
}

/** Fails the case unless both hold the same bytes. Reports only the first difference. */
export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  checkEqual(actual.length, expected.length, `the length of ${what}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) {
      check(false, `byte ${i} of ${what} must be ${expected[i]}, not ${actual[i]}`);
    }
  }
}

/** Fails the case unless `error` is a `TransportError` with one of the codes. Returns the error. */
export function checkError(
  error: unknown,
  codes: readonly TransportErrorCode[],
  what: string,
): TransportError {
  check(error instanceof TransportError, `${what} must be a TransportError, not ${String(error)}`);
  check(
    codes.includes(error.code),
    `${what} must have code ${codes.join(' or ')}, not ${error.code}`,
  );
  check(error.message.length > 0, `${what} must have a message`);
  return error;
}

/**
 * Returns the error that `promise` rejects with, checked as in {@link checkError}. The result may
 * be awaited later: until then a failed check is not reported as an unhandled rejection.
 */
export function checkRejects(
  promise: Promise<unknown>,
  codes: readonly TransportErrorCode[],
  what: string,
): Promise<TransportError> {
  const checked = promise.then(
    (value) => {
      throw new Error(
        `requirement not met: ${what} must reject, but resolved with ${String(value)}`,
      );
    },
    (error: unknown) => checkError(error, codes, `the error of ${what}`),
  );
  checked.catch(() => {});
  return checked;
}

/** Fails the case unless `run` throws a `TransportError` with this code. */
export function checkThrows(run: () => unknown, code: TransportErrorCode, what: string): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  checkError(thrown, [code], `the error of ${what}`);
}

/** Fails the case unless the address is canonical and has a port. */
export function checkBound(address: string): void {
  const parsed = parseAddress(address);
  check(parsed.port > 0, `${address} must have the bound port`);
  checkEqual(formatAddress(parsed), address, 'the canonical form of the address');
}

/**
 * Lets the event loop turn `count` times, so that effects can show. No case depends on the number.
 */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** `length` bytes that differ by position and by `mark`. */
export function pattern(length: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + mark * 7 + (i >> 8)) & 255;
  return bytes;
}
