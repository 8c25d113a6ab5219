/** The longest name of a client: 22 characters of base64url hold 128 bits. */
export const MAX_CLIENT_NAME = 22;

const CLIENT_NAME = new RegExp(`^[A-Za-z0-9._~-]{1,${MAX_CLIENT_NAME}}$`);

/** Whether a gateway may give this name to a client. */
export function isClientName(name: string): boolean {
  return CLIENT_NAME.test(name);
}
