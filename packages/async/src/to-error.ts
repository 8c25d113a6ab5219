/** Returns `reason` if it is an `Error`, else an `Error` whose message is `String(reason)`. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
