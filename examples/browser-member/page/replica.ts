import { MemoryLog, type StoredEntry } from '@shoal/syncup';
import { type Replica, startReplica } from '@shoal/syncup/driver';
import { createWebSocketTransport } from '@shoal/transport-websocket';
import { type ClusterInfo, LABEL, LOG_PATH } from '../src/protocol.ts';

/** How many entries this page keeps. */
const KEPT = 1000;

/** An entry as the page shows it. */
export interface LogLine {
  readonly vlsn: bigint;
  readonly at: number;
  readonly text: string;
}

/** This page's copy of the log, and its last lines. */
export class PageLog {
  readonly log: MemoryLog = new MemoryLog();
  readonly replica: Replica;
  lines: readonly LogLine[] = [];
  isStreaming = false;

  /** Follows the log through one gateway. When that fails, moves on to the next. */
  constructor(cluster: ClusterInfo, name: string, onChange: () => void) {
    const { gateways } = cluster;
    const transport = createWebSocketTransport({ path: LOG_PATH });
    let attempts = 0;
    this.replica = startReplica({
      log: this.log,
      dial: (options) => transport.dial(gateways[attempts++ % gateways.length]!, options),
      name,
      label: LABEL,
      idleTimeout: 4000,
      reconnect: { minDelay: 100, maxDelay: 2000 },
      onEntries: async (entries) => {
        this.lines = [...this.lines, ...entries.map(readLine)].slice(-KEPT);
        const { last } = this.log.range;
        if (last > KEPT) await this.log.trimHead(last - BigInt(KEPT));
        onChange();
      },
      // The new gateway may be behind the previous one.
      onRollback: ({ matchpoint }) => {
        this.lines = this.lines.filter(({ vlsn }) => vlsn <= matchpoint);
        onChange();
      },
      onRestore: async ({ first, last }) => {
        this.lines = await readLines(this.log, first, last);
        onChange();
      },
    });
    this.replica.on('streaming', () => {
      this.isStreaming = true;
      onChange();
    });
    this.replica.on('disconnected', () => {
      this.isStreaming = false;
      onChange();
    });
  }
}

async function readLines(log: MemoryLog, first: bigint, last: bigint): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  if (first > last || last === 0n) return lines;
  for await (const batch of log.read(first)) {
    lines.push(...batch.map(readLine));
    if (lines.at(-1)!.vlsn >= last) break;
  }
  return lines.slice(-KEPT);
}

/** Parses an entry's payload. Another process wrote it, so it may be anything. */
function readLine({ vlsn, payload }: StoredEntry): LogLine {
  const text = new TextDecoder().decode(payload);
  try {
    const entry = JSON.parse(text) as { at: number; text: string };
    return { vlsn, at: Number(entry.at), text: String(entry.text) };
  } catch {
    return { vlsn, at: Number.NaN, text };
  }
}
