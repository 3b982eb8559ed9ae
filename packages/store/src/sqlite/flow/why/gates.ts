// The gates that a blocked job has no slot of, and who has those there are.

import type { GateKind, Holder } from "../../../flow.ts";
import type { JobState } from "../../../job.ts";
import type { Waiting } from "../../../rules/why.ts";
import type { Driver } from "../../driver.ts";
import type { Row } from "../../rows.ts";

const wanted = `SELECT gate.kind, gate.key,
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

export function gatesOf(
  driver: Driver,
  id: number,
): readonly { readonly reason: Waiting; readonly free: boolean }[] {
  const now = driver.now();
  return driver
    .sql(wanted)
    .all(id)
    .map((row) => {
      const [kind, key, limit] = [row.kind as GateKind, row.key as string, row.slots as number];
      const over = (driver.value(taken, key, now) as number) - limit;
      const freeInMs = kind === "rate" ? restOf(driver, key, over) : null;
      const holders = holdersOf(driver, key);
      return { reason: { why: "blocked", kind, key, limit, holders, freeInMs }, free: over < 0 };
    });
}

/** `over`: how many slots are taken beyond the last that would still leave one free. */
function restOf(driver: Driver, key: string, over: number): number | null {
  if (over < 0) return 0;
  const now = driver.now();
  const freeAt = driver.value(freed, key, now, over) as number | undefined;
  return freeAt === undefined ? null : freeAt - now;
}

const holders = holdersOf(driver, key);
      const rate = kind === "rate" ? freeInMs : null;
      return { reason: { why: "blocked", kind, key, limit, holders, freeInMs: rate }, free };
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
