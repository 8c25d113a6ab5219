export { createGateway } from './gateway/gateway.ts';
export type { Gateway, GatewayOptions, GatewayStats } from './gateway/gateway-options.ts';
export type {
  AcceptedConnection,
  HandshakeRefused,
  RefusalReason,
  WebSocketListener,
  WebSocketListenerStats,
  WebSocketListenOptions,
  WebSocketRequest,
} from './listening/listen-options.ts';
export {
  attachWebSocketListener,
  createWebSocketServerTransport,
  type WebSocketServerOptions,
  type WebSocketServerTransport,
} from './listening/server-transport.ts';
