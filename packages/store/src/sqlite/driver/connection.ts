// What the statements of a transaction need of the connection it is open on: ours, which is a
// `Driver`, or the caller's own (../jobs/enqueue-in.ts).

import type { StatementSync } from "node:sqlite";

export interface Connection {
  /** A prepared statement; its rows are objects. */
  sql(text: string): StatementSync;
  /** Milliseconds since 1970 by the clock of the store. */
  now(): number;
}
