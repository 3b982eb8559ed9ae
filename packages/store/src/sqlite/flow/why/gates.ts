// The gates that a blocked job has no slot of, and who has those there are.

import type { GateKind, Holder } from "../../../flow.ts";
import type { JobState } from "../../../job.ts";
import type { Gate } from "../../../rules/why.ts";
import type { Driver } from "../../driver.ts";
import type { Row } from "../../rows.ts";
import { keptFor } from "../slots/keep.ts";
import { Room } from "../slots/room.ts";

const wanted = `SELECT gate.kind, gate.key, gate.priority,
    CASE gate.kind WHEN 'concurrency' THEN coalesce(said.slots, gate.slots) ELSE gate.slots END
      AS slots
  FROM job_gates AS gate LEFT JOIN concurrency_limits AS said ON said.name = gate.name
  WHERE gate.job_id = ?
    AND NOT EXISTS (SELECT 1 FROM slots WHERE job_id = gate.job_id AND key = gate.key)
  ORDER BY gate.position`;

/** Slots that have rested are nobody's, though they may still be there. */
const taken = "SELECT count(*) FROM slots WHERE key = ? AND (job_id IS NOT NULL OR expires_at > ?)";

/** When so many of those that rest are free again. */
const freed = `SELECT expires_at FROM slots WHERE key = ? AND job_id IS NULL AND expires_at > ?
  ORDER BY expires_at LIMIT 1 OFFSET ?`;

export function gatesOf(driver: Driver, id: number): readonly Gate[] {
  const now = driver.now();
  const room = new Room(driver);
  const rows: readonly Row[] = driver.sql(wanted).all(id);
  return rows.map((row): Gate => {
    const [kind, key, limit] = [row.kind as GateKind, row.key as string, row.slots as number];
    const over = (driver.value(taken, key, now) as number) - limit;
    const freeAt = over < 0 ? now : (driver.value(freed, key, now, over) as number | undefined);
    const freeInMs = kind === "rate" && freeAt !== undefined ? freeAt - now : null;
    const holders = holdersOf(driver, key);
    const turn = { id, priority: row.priority as number };
    const keeper = over < 0 ? keptFor(room, key, turn) : null;
    return {
      reason: { why: "blocked", kind, key, limit, holders, keptFor: keeper, freeInMs },
      free: over < 0 && keeper === null,
    };
  });
}

const holders = `SELECT jobs.id, jobs.name, jobs.state, jobs.process_id, slots.since,
    processes.name AS process_name, processes.host, processes.pid
  FROM slots CROSS JOIN jobs ON jobs.id = slots.job_id
  LEFT JOIN processes ON processes.id = jobs.process_id
  WHERE slots.key = ? ORDER BY slots.since, slots.id LIMIT 10`;

function holdersOf(driver: Driver, key: string): readonly Holder[] {
  return driver.sql(holders).all(key).map(toHolder);
}

function toHolder(row: Row): Holder {
  const { process_name: name, host, pid } = row;
  return {
    id: row.id as number,
    name: row.name as string,
    state: row.state as JobState,
    processId: row.process_id as number | null,
    process:
      name === null ? null : { name: name as string, host: host as string, pid: pid as number },
    since: row.since as number,
  };
}
