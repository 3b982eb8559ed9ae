// Unique keys. An entry is there for as long as its job, and held while the job is in one of its
// states: a trigger lets it go, and it is taken here. A unique index of those that are held
// decides; whether the time of one is over, and somebody else may have the key, is looked at here.

import type { Enqueued, JobState } from "../../../job.ts";
import type { TakenKey } from "../../../rules/answers.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import { notBegun, type Room } from "../slots/room.ts";

const holder = `SELECT job_id AS id, state, ${notBegun} AS isNew,
    jobs.id IS NULL OR until <= ?2 AS isOver
  FROM unique_keys INDEXED BY unique_keys_held LEFT JOIN jobs ON jobs.id = job_id
  WHERE key = ?1 AND held = 1`;

interface Keeper {
  readonly id: number;
  readonly state: string;
  readonly isNew: 0 | 1;
  readonly isOver: 0 | 1 | null;
}

const forget = "DELETE FROM unique_keys WHERE job_id = ? AND key = ?";

/** Who has the key; an entry whose time is over makes way. */
function keeperOf(room: Room, key: string): Keeper | null {
  const keeper = room.sql(holder).get(key, room.now) as unknown as Keeper | undefined;
  if (!keeper) return null;
  if (keeper.isOver !== 1) return keeper;
  room.sql(forget).run(keeper.id, key);
  return null;
}

/** The answer to a job whose key somebody has; null when all its keys are free. */
export function askUniques(room: Room, job: PreparedJob): Enqueued | null {
  for (const { key, onConflict } of job.uniques) {
    const keeper = keeperOf(room, key);
    if (!keeper) continue;
    if (onConflict === "exists" || !canChange(keeper)) return { id: keeper.id, outcome: "exists" };
    replace(room, keeper, { job, keepsTime: onConflict === "debounce" && isAtOnce(job) });
    return { id: keeper.id, outcome: "replaced" };
  }
  return null;
}

const pending = ["held", "waiting", "scheduled", "blocked", "ready"];

function canChange({ state, isNew }: Keeper): boolean {
  return isNew === 1 && pending.includes(state);
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

const keep = `INSERT INTO unique_keys (job_id, key, states, until, held)
  VALUES (?, ?, ?, ?, ?)`;

/** For a job that was just inserted in this state; the keys were found free. */
export function takeUniques(
  room: Room,
  id: number,
  { job, state }: { readonly job: PreparedJob; readonly state: JobState },
): void {
  for (const { key, states, forMs } of job.uniques) {
    const until = forMs === null ? null : room.now + forMs;
    const held = states.includes(state);
    room.sql(keep).run(id, key, `,${states.join()},`, until, Number(held));
  }
}

const letGo = `SELECT key FROM unique_keys WHERE job_id = ?1 AND held = 0
  AND instr(states, ',' || ?2 || ',') > 0 AND (until IS NULL OR until > ?3) ORDER BY key`;

/** The keys that a job takes again when it comes to a state. */
function wantedBy(room: Room, id: number, state: JobState): readonly string[] {
  const rows = room.sql(letGo).all(id, state, room.now) as unknown as readonly { key: string }[];
  return rows.map(({ key }) => key);
}

const hold = "UPDATE unique_keys SET held = 1 WHERE job_id = ? AND key = ?";

/** As far as they are free; the job goes on without the others. */
export function takeBack(room: Room, id: number, state: JobState): void {
  for (const key of wantedBy(room, id, state))
    if (!keeperOf(room, key)) room.sql(hold).run(id, key);
}

/** The first key that a job would take again in a state, if it could; null when all are free. */
export function askTakeBack(room: Room, id: number, state: JobState): TakenKey | null {
  for (const key of wantedBy(room, id, state)) {
    const keeper = keeperOf(room, key);
    if (keeper) return { key, by: keeper.id };
  }
  return null;
}
