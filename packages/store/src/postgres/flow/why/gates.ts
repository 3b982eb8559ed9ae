// The gates that a blocked job has no slot of, and who has those there are.

import type { GateKind, Holder } from "../../../flow.ts";
import type { JobState } from "../../../job.ts";
import type { Gate } from "../../../rules/why.ts";
import type { Run } from "../../driver.ts";
import { keptFor } from "../../migrations/2-flow/promote/keep.ts";

/** Slots that have rested are nobody's, though they may still be there. */
const wanted = `SELECT gate.kind, gate.key, gate.most, slot.taken - gate.most,
    ${keptFor("gate", "slot.taken")}, queue_runtime.now_ms()
FROM (
  SELECT gate.kind, gate.key, gate.position, gate.priority, gate.job_id, CASE gate.kind
      WHEN 'concurrency' THEN coalesce(said.slots, gate.slots) ELSE gate.slots END AS most
  FROM queue_runtime.job_gates AS gate
    LEFT JOIN queue_runtime.concurrency_limits AS said ON said.name = gate.name
  WHERE gate.job_id = $1 AND NOT EXISTS (SELECT FROM queue_runtime.slots AS own
    WHERE own.job_id = gate.job_id AND own.key = gate.key AND own.kind = gate.kind)
) AS gate CROSS JOIN LATERAL (
  SELECT count(*) AS taken FROM queue_runtime.slots AS slot
  WHERE slot.key = gate.key
    AND (slot.job_id IS NOT NULL OR slot.expires_at > queue_runtime.now_ms())
) AS slot
ORDER BY gate.position`;

type GateRow = [
  kind: GateKind,
  key: string,
  limit: number,
  over: number,
  keeper: number | null,
  now: number,
];

export async function gatesOf(run: Run, id: number): Promise<readonly Gate[]> {
  const gates: Gate[] = [];
  for (const row of (await run(wanted, [id])).rows as GateRow[]) {
    const [kind, key, limit, over, keeper, now] = row;
    const keptFor = over < 0 ? keeper : null;
    const freeInMs = kind === "rate" ? await restOf(run, key, { over, now }) : null;
    const holders = await holdersOf(run, key);
    gates.push({
      reason: { why: "blocked", kind, key, limit, holders, keptFor, freeInMs },
      free: over < 0 && keptFor === null,
    });
  }
  return gates;
}

/** When so many of those that rest are free again. */
const freed = `SELECT expires_at FROM queue_runtime.slots
  WHERE key = $1 AND job_id IS NULL AND expires_at > $2 ORDER BY expires_at LIMIT 1 OFFSET $3`;

/** `over`: how many slots are taken beyond the last that would still leave one free. */
async function restOf(
  run: Run,
  key: string,
  { over, now }: { readonly over: number; readonly now: number },
): Promise<number | null> {
  if (over < 0) return 0;
  const [row] = (await run(freed, [key, now, over])).rows as [number][];
  return row ? row[0] - now : null;
}

const holders = `SELECT job.id, job.name, job.state, job.process_id, slot.since,
    process.name, process.host, process.pid
  FROM queue_runtime.slots AS slot JOIN queue_runtime.jobs AS job ON job.id = slot.job_id
    LEFT JOIN queue_runtime.processes AS process ON process.id = job.process_id
  WHERE slot.key = $1 ORDER BY slot.since, slot.id LIMIT 10`;

type HolderRow = [
  id: number,
  name: string,
  state: JobState,
  processId: number | null,
  since: number,
  processName: string | null,
  host: string,
  pid: number,
];

async function holdersOf(run: Run, key: string): Promise<readonly Holder[]> {
  const { rows } = await run(holders, [key]);
  return (rows as HolderRow[]).map(
    ([id, name, state, processId, since, processName, host, pid]) => ({
      ...{ id, name, state, processId, since },
      process: processName === null ? null : { name: processName, host, pid },
    }),
  );
}
