// The gates of a job, as rows.

import type { Connection } from "../../driver/connection.ts";
import { shapeOf } from "./line.ts";
import type { StoredGate } from "./room.ts";

const add = `INSERT INTO job_gates
  (job_id, position, kind, key, slots, ms, on_conflict, name, priority, waits, since, shape)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

interface Rows {
  readonly gates: readonly StoredGate[];
  /** Of the job. */
  readonly priority: number;
  /** Since when the job is blocked; null where it is not. */
  readonly since: number | null;
}

/** All that a job has; it has none yet. */
export function writeGates(
  connection: Pick<Connection, "sql">,
  id: number,
  { gates, priority, since }: Rows,
): void {
  if (gates.length === 0) return;
  const shape = shapeOf(gates);
  gates.forEach(({ kind, key, limit, ms, onConflict, name }, n) => {
    const values = [id, n, kind, key, limit, ms, onConflict, name] as const;
    connection.sql(add).run(...values, priority, Number(since !== null), since, shape);
  });
}
