// Unique keys. The primary key of a table decides; an entry is there exactly as long as it holds,
// or its time is over, which is looked at here.

import type { Enqueued, JobState } from "../../../job.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import type { Room } from "../slots/room.ts";

const holder = `SELECT jobs.id, state, started_at AS startedAt FROM unique_keys
  JOIN jobs ON jobs.id = unique_keys.job_id
  WHERE key = ? AND (until IS NULL OR until > ?)`;

interface Keeper {
  readonly id: number;
  readonly state: string;
  readonly startedAt: number | null;
}

/** The answer to a job whose key somebody has; null when all its keys are free. */
export function askUniques(room: Room, job: PreparedJob): Enqueued | null {
  for (const { key, onConflict } of job.uniques) {
    const keeper = room.sql(holder).get(key, room.now) as unknown as Keeper | undefined;
    if (!keeper) continue;
    if (onConflict === "exists" || !canChange(keeper)) return { id: keeper.id, outcome: "exists" };
    replace(room, keeper, { job, keepsTime: onConflict === "debounce" && isAtOnce(job) });
    return { id: keeper.id, outcome: "replaced" };
  }
  return null;
}

const notBegun = ["held", "waiting", "scheduled", "blocked", "ready"];

function canChange({ state, startedAt }: Keeper): boolean {
  return startedAt === null && notBegun.includes(state);
}

function isAtOnce({ at, inMs }: PreparedJob): boolean {
  return at === null && inMs === 0;
}

const write = `UPDATE jobs SET args = :args, priority = :priority, label = :label,
  run_at = coalesce(:runAt, run_at) WHERE id = :id`;
const reorder = "UPDATE job_gates SET priority = ? WHERE job_id = ? AND priority <> ?";
const move = "UPDATE jobs SET state = ? WHERE id = ?";
/** A blocked job becomes scheduled by way of a state that its keys need not know: unseen. */
const leaveLine = "UPDATE jobs SET state = 'held', linked = 0 WHERE id = ?";
const comeBack = "UPDATE jobs SET state = 'scheduled', linked = 1 WHERE id = ?";

/** The job stays the same one: its queue, gates, keys and batch are those it came with. */
function replace(
  room: Room,
  { id, state }: Keeper,
  { job, keepsTime }: { readonly job: PreparedJob; readonly keepsTime: boolean },
): void {
  const { args, priority, label } = job;
  const runAt = keepsTime ? null : (job.at ?? Math.ceil(room.now + job.inMs));
  room.sql(write).run({ id, args, priority, label, runAt });
  room.sql(reorder).run(priority, id, priority);
  if (runAt === null || state === "held" || state === "waiting") return;
  room.recount();
  const later = runAt > room.now;
  if (later && state === "ready") room.sql(move).run("scheduled", id);
  if (!later && state === "scheduled") room.sql(move).run("ready", id);
  if (!later || state !== "blocked") return;
  room.sql(leaveLine).run(id);
  room.sql(comeBack).run(id);
}

const take = `INSERT INTO unique_keys (key, job_id, states, until) VALUES (?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE
  SET job_id = excluded.job_id, states = excluded.states, until = excluded.until`;

/** For a job that was just inserted in this state; the keys were found free. */
export function takeUniques(
  room: Room,
  id: number,
  { job, state }: { readonly job: PreparedJob; readonly state: JobState },
): void {
  for (const { key, states, forMs } of job.uniques) {
    if (!states.includes(state)) continue;
    const until = forMs === null ? null : room.now + forMs;
    room.sql(take).run(key, id, `,${states.join()},`, until);
  }
}
