import { MemoryLog } from '@shoal/syncup';
import { describe, it } from 'vitest';
import { logConformance } from './log-conformance.ts';

logConformance(
  { describe, it },
  { name: 'MemoryLog', create: (options) => new MemoryLog(options) },
);
