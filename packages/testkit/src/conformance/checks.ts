import {
  formatAddress,
  parseAddress,
  TransportError,
  type TransportErrorCode,
} from '@shoal/transport';

/** Fails the case unless `condition` holds. */
export function check(condition: boolean, requirement: string): asserts condition {
  if (!condition) throw new Error(`not as required: ${requirement}`);
}

export function checkEqual<T extends string | number | boolean>(
  actual: T,
  expected: T,
  what: string,
): void {
  check(actual === expected, `${what} is ${expected}, not ${actual}`);
}

/** Fails unless both hold the same bytes; reports the first that differs, not megabytes. */
export function checkBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  checkEqual(actual.length, expected.length, `the length of ${what}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) {
      check(false, `byte ${i} of ${what} is ${expected[i]}, not ${actual[i]}`);
    }
  }
}

/** Fails unless `error` is a `TransportError` with one of the codes; returns it. */
export function checkError(
  error: unknown,
  codes: readonly TransportErrorCode[],
  what: string,
): TransportError {
  check(error instanceof TransportError, `${what} is a TransportError, not ${String(error)}`);
  check(codes.includes(error.code), `${what} has code ${codes.join(' or ')}, not ${error.code}`);
  check(error.message.length > 0, `${what} has a message`);
  return error;
}

/**
 * The error with which `promise` rejects, checked as in {@link checkError}. It may be awaited
 * later: a check that fails meanwhile is not reported as an unhandled rejection.
 */
export function checkRejects(
  promise: Promise<unknown>,
  codes: readonly TransportErrorCode[],
  what: string,
): Promise<TransportError> {
  const checked = promise.then(
    (value) => {
      throw new Error(`not as required: ${what} rejects, but it resolved with ${String(value)}`);
    },
    (error: unknown) => checkError(error, codes, `the error of ${what}`),
  );
  checked.catch(() => {});
  return checked;
}

export function checkThrows(run: () => unknown, code: TransportErrorCode, what: string): void {
  let thrown: unknown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  checkError(thrown, [code], `what ${what} throws`);
}

/** Fails unless the address is one that can be dialled and in its canonical form. */
export function checkBound(address: string): void {
  const parsed = parseAddress(address);
  check(parsed.port > 0, `${address} has the port that was really bound`);
  checkEqual(formatAddress(parsed), address, 'the canonical form of the address');
}

/** Lets the event loop turn, for what needs some turns to show; never decides when it did. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** `length` bytes that tell where they belong, different for each `mark`. */
export function pattern(length: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + mark * 7 + (i >> 8)) & 255;
  return bytes;
}
