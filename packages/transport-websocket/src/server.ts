export { createGateway } from './gateway.ts';
export type { Gateway, GatewayOptions, GatewayStats } from './gateway-options.ts';
export type {
  AcceptedConnection,
  WebSocketListener,
  WebSocketListenOptions,
  WebSocketRequest,
} from './server-options.ts';
export {
  attachWebSocketListener,
  createWebSocketServerTransport,
  type WebSocketServerOptions,
} from './server-transport.ts';
