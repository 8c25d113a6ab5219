import type { DatagramTransport } from '@shoal/transport';
import { Cleanup } from '../test-runner.ts';

/** A transport as the suite for datagrams is told of it. */
export interface DatagramConformanceSetup {
  /** What the transport is called in the report. */
  readonly name: string;
  /** Makes a transport at a free address. They all reach each other. */
  create(): DatagramTransport | Promise<DatagramTransport>;
  /**
   * Sends bytes to the transport, or to what it depends on, that are not what it speaks, and
   * resolves when they have left. They may come out of it as datagrams if any bytes may.
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

/** A datagram as a handler got it. */
export interface Arrival {
  readonly from: string;
  readonly bytes: Uint8Array;
}

/** Takes what arrives at a transport. */
export class Inbox {
  readonly arrived: Arrival[] = [];
  #wake: () => void = () => {};

  constructor(transport: DatagramTransport) {
    transport.receive((from, bytes) => {
      this.arrived.push({ from, bytes });
      this.#wake();
    });
  }

  /** The next datagram, for which it waits. */
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
