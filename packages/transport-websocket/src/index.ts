export type { WebSocketLimitOptions } from './connection/websocket-limits.ts';
export type { WebSocketConstructor } from './dialing/browser-socket.ts';
export type { WebSocketDialOptions } from './dialing/dial-target.ts';
export {
  createWebSocketTransport,
  type WebSocketTransportOptions,
} from './dialing/websocket-transport.ts';
export { createGatewayAwareTransport } from './member/gateway-aware-transport.ts';
export { createGatewayTransport } from './member/gateway-transport.ts';
export type {
  GatewayTransport,
  GatewayTransportEvent,
  GatewayTransportOptions,
} from './member/gateway-transport-options.ts';
