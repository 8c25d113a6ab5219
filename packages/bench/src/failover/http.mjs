// Requests to servers on loopback, with JSON in the answers.

/** A server that takes longer to answer is asked again, in ms. */
const PATIENCE = 1000;

/**
 * Sends a request. Resolves with the parsed answer; rejects if there is none, or if it is an error. An
 * error that the server has answered with has its `status`.
 */
export async function call(url, options = {}) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const { status } = response;
  throw Object.assign(new Error(`${url}: ${status} ${text.trim()}`), { status });
}
