export type { WebSocketConstructor } from './browser-socket.ts';
export type { WebSocketDialOptions } from './dial-target.ts';
export { createGatewayAwareTransport } from './gateway-aware-transport.ts';
export {
  createGatewayTransport,
  type GatewayTransport,
  type GatewayTransportOptions,
} from './gateway-transport.ts';
export type { WebSocketLimitOptions } from './websocket-limits.ts';
export { createWebSocketTransport, type WebSocketTransportOptions } from './websocket-transport.ts';
