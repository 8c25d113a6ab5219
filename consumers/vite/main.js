import { startMembership } from '@shoal/membership/driver';
import { createGatewayTransport, createWebSocketTransport } from '@shoal/transport-websocket';

const transport = await createGatewayTransport({
  transport: createWebSocketTransport(),
  gateways: [location.host],
  name: 'tab',
});
const member = startMembership({ transport });
member.on('memberUp', ({ member }) => console.log(member.id.address, 'is up'));
