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
