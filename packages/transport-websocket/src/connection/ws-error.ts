import { TransportError, type TransportErrorCode } from '@shoal/transport';
import { systemCode, systemError } from '@shoal/transport/internal';

/** The errors of `ws` that have a code of their own; any other one is `protocol`. */
const WS_CODES: Readonly<Record<string, TransportErrorCode>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'size',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'size',
};

/** A `TransportError` for an error of the system or of `ws`, which becomes its cause. */
export function wsError(doing: string, cause: Error): TransportError {
  const name = systemCode(cause);
  if (!name.startsWith('WS_ERR_')) return systemError(doing, cause);
  return new TransportError(WS_CODES[name] ?? 'protocol', `${doing}: ${name}`, { cause });
}
