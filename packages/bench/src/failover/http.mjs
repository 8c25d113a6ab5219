// Requests to servers on loopback, with JSON in the answers.

/** A server that takes longer to answer is asked again, in ms. */
const PATIENCE = 1000;

/** Sends a request. Resolves with the parsed answer; rejects if there is none, or if it is an error. */
export async function call(url, options = {}) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text.trim()}`);
  return JSON.parse(text);
}
