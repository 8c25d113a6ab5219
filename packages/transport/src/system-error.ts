import { TransportError, type TransportErrorCode } from './errors.ts';

/** The errno names that have a code of their own. */
const CODES: Readonly<Record<string, TransportErrorCode>> = {
  EADDRINUSE: 'in-use',
  EADDRNOTAVAIL: 'in-use',
  EAI_AGAIN: 'resolve',
  ECONNABORTED: 'reset',
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENODATA: 'resolve',
  ENOTFOUND: 'resolve',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
};

/** The codes by which OpenSSL and `node:tls` reject a certificate. */
const CERTIFICATE =
  /CERT|UNKNOWN_CA|^UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|^INVALID_(?:CA|PURPOSE)$/;

/** The system's name for an error, such as `ECONNRESET`; else the error's own name. */
export function systemCode(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
  return String(error);
}

/**
 * A `TransportError` for an error of the system, which becomes its cause. `doing` names the
 * operation that failed. A `TransportError` is returned as it is.
 */
export function systemError(doing: string, cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const name = systemCode(cause);
  const code = CODES[name] ?? (CERTIFICATE.test(name) ? 'untrusted' : 'io');
  const hasCode = cause instanceof Error && 'code' in cause;
  return new TransportError(code, `${doing}: ${hasCode ? name : String(cause)}`, { cause });
}
