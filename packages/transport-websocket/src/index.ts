export type { WebSocketConstructor } from './browser-socket.ts';
export type { WebSocketDialOptions } from './dial-target.ts';
export { createGatewayAwareTransport } from './gateway-aware-transport.ts';
export { createGatewayTransport } from './gateway-transport.ts';
export type { GatewayTransport, GatewayTransportOptions } from './gateway-transport-options.ts';
export type { WebSocketLimitOptions } from './websocket-limits.ts';
export { createWebSocketTransport, type WebSocketTransportOptions } from './websocket-transport.ts';
