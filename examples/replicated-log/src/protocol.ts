/** What the parent tells a process. */
export type Command =
  /** Appends a line, which as many voters are to hold, the leader among them. */
  { type: 'append'; line: string; acks: number } | { type: 'content' } | { type: 'leave' };

/** What a process tells its parent. */
export type Report =
  | { type: 'ready'; address: string }
  | { type: 'role'; role: string; leader: string; term: string }
  | { type: 'appended'; line: string }
  | { type: 'refused'; line: string; code: string }
  | { type: 'rollback'; matchpoint: string; undone: string[]; archive: string }
  | { type: 'content'; digest: string; log: string[]; state: string[] };
