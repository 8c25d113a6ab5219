import type { DatagramTransport } from '@shoal/transport';
import { Cleanup } from '../test-runner.ts';

/** Describes the transport under test. */
export interface DatagramConformanceSetup {
  /** The name of the transport in the report. */
  readonly name: string;
  /** Creates a transport at a free address. All created transports must reach each other. */
  create(): DatagramTransport | Promise<DatagramTransport>;
  /**
   * Sends bytes that are not the transport's protocol to it, or to what it depends on, and resolves
   * when they have left. If the protocol allows any bytes, they may arrive as datagrams.
   */
  readonly garbage?: ((transport: DatagramTransport) => Promise<void>) | undefined;
}

/** What a case works with. */
export class DatagramTestBed {
  readonly setup: DatagramConformanceSetup;
  readonly cleanup: Cleanup = new Cleanup();

  constructor(setup: DatagramConformanceSetup) {
    this.setup = setup;
  }

  async create(): Promise<DatagramTransport> {
    const transport = await this.setup.create();
    this.cleanup.add(() => transport.close());
    return transport;
  }
}

/** A received datagram. */
export interface Arrival {
  readonly from: string;
  readonly bytes: Uint8Array;
}

/** Collects the datagrams that a transport receives. */
export class Inbox {
  readonly arrived: Arrival[] = [];
  #wake: () => void = () => {};

  constructor(transport: DatagramTransport) {
    transport.receive((from, bytes) => {
      this.arrived.push({ from, bytes });
      this.#wake();
    });
  }

  /** Waits for the next datagram. */
  async next(): Promise<Arrival> {
    for (;;) {
      const arrival = this.arrived.shift();
      if (arrival) return arrival;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
