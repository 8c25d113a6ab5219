export { createGateway, type Gateway, type GatewayOptions, type GatewayStats } from './gateway.ts';
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
