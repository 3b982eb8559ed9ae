// Slots of rates that rest, and the jobs that wait for them.

import type { Connection } from "../../driver/connection.ts";
import { couldPromote } from "./promote.ts";
import { Room } from "./room.ts";

/**
 * Each key of a rate that somebody waits for. It steps from key to key: a hundred thousand jobs may
 * wait for one.
 */
const awaited = `WITH RECURSIVE awaited (key) AS (
    SELECT min(key) FROM job_gates INDEXED BY job_gates_rated WHERE waits = 1 AND kind = 'rate'
    UNION ALL
    SELECT (SELECT min(key) FROM job_gates INDEXED BY job_gates_rated
      WHERE waits = 1 AND kind = 'rate' AND key > awaited.key)
    FROM awaited WHERE awaited.key IS NOT NULL)
  SELECT key,
    (SELECT min(expires_at) FROM slots
      WHERE key = awaited.key AND job_id IS NULL AND expires_at > ?) AS endsAt
  FROM awaited WHERE key IS NOT NULL`;

interface Awaited {
  readonly key: string;
  readonly endsAt: number | null;
}

export interface Rests {
  /** Keys of which somebody who waits could have a slot. */
  readonly over: readonly string[];
  /** When the next rest is over that somebody waits for, in milliseconds from now. */
  readonly nextInMs: number | null;
}

/** Writes nothing. */
export function restsOf(connection: Connection): Rests {
  const room = new Room(connection);
  const rows = room.sql(awaited).all(room.now) as unknown as readonly Awaited[];
  const over = rows.map(({ key }) => key).filter((key) => couldPromote(room, key));
  const ends = rows.flatMap(({ endsAt }) => (endsAt === null ? [] : [endsAt - room.now]));
  return { over, nextInMs: ends.length === 0 ? null : Math.min(...ends) };
}

const forget = `DELETE FROM slots WHERE id IN (SELECT id FROM slots INDEXED BY slots_resting
  WHERE job_id IS NULL AND expires_at <= ? ORDER BY expires_at LIMIT 1000)`;

/** Removes slots that have rested and that nobody took since, some at a time. */
export function forgetRested(connection: Connection): void {
  connection.sql(forget).run(connection.now());
}
