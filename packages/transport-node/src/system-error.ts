import { TransportError, type TransportErrorCode } from '@shoal/transport';

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

/** What OpenSSL and `node:tls` call the many ways in which a certificate can be bad. */
const CERTIFICATE = /CERT|UNKNOWN_CA|^UNABLE_TO_|ALTNAME|^INVALID_(?:CA|PURPOSE)$/;

/** The errno name of a fault of the system, like "ECONNRESET", or its error's name. */
export function systemCode(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
  return String(error);
}

/** A `TransportError` that says what was being done and keeps the system's error as its cause. */
export function transportError(doing: string, cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause;
  const code = systemCode(cause);
  const known = CODES[code] ?? (CERTIFICATE.test(code) ? 'untrusted' : 'io');
  return new TransportError(known, `${doing}: ${code}`, { cause });
}
