// Unique keys. An entry is there for as long as its job, and held while the job is in one of its
// states: a trigger lets it go, and it is taken here. One that has a time and is held when its job
// is deleted stays until then. A unique index of those that are held decides; whether the time of
// one is over, and somebody else may have the key, is looked at here.

import type { Unique } from "../../../flow.ts";
import type { JobState } from "../../../job.ts";
import type { TakenKey } from "../../../rules/answers.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import { notBegun, type Room } from "../slots/room.ts";

const holder = `SELECT job_id AS id, state, name, ${notBegun} AS isNew,
    CASE WHEN until IS NULL THEN jobs.id IS NULL ELSE until <= ?2 END AS isOver
  FROM unique_keys INDEXED BY unique_keys_held LEFT JOIN jobs ON jobs.id = job_id
  WHERE key = ?1 AND held = 1`;

interface Entry {
  readonly id: number;
  /** null of a job that is gone: its key has a time, and is held until then. */
  readonly state: JobState | null;
  readonly name: string | null;
  readonly isNew: 0 | 1 | null;
  readonly isOver: 0 | 1;
}

const forget = "DELETE FROM unique_keys WHERE job_id = ? AND key = ?";

/** Who has the key; an entry whose time is over makes way. */
function keeperOf(room: Room, key: string): Entry | null {
  const keeper = room.sql(holder).get(key, room.now) as unknown as Entry | undefined;
  if (!keeper) return null;
  if (keeper.isOver !== 1) return keeper;
  room.sql(forget).run(keeper.id, key);
  return null;
}

/** Somebody who has a key of a new job. */
export interface Keeper {
  readonly id: number;
  readonly key: string;
  /** null of one that runs, has ended or is gone: it is left alone. */
  readonly replaceable: { readonly name: string; readonly state: JobState } | null;
  readonly onConflict: Unique["onConflict"];
}

/** The first of its keys that somebody has decides; null when all are free. */
export function askUniques(room: Room, { uniques }: Pick<PreparedJob, "uniques">): Keeper | null {
  for (const { key, onConflict } of uniques) {
    const entry = keeperOf(room, key);
    if (entry) return { id: entry.id, key, replaceable: pendingOf(entry), onConflict };
  }
  return null;
}

const pending = ["held", "waiting", "scheduled", "blocked", "ready"];

function pendingOf({ name, state, isNew }: Entry): Keeper["replaceable"] {
  if (name === null || state === null || isNew !== 1 || !pending.includes(state)) return null;
  return { name, state };
}

const keep = `INSERT INTO unique_keys (job_id, key, states, until, held)
  VALUES (?, ?, ?, ?, ?)`;

interface Owner {
  readonly id: number;
  readonly state: JobState;
}

/** For a job that was just inserted; the keys were found free. */
export function takeUniques(room: Room, owner: Owner, uniques: readonly Unique[]): void {
  for (const unique of uniques) take(room, owner, { unique, free: true });
}

const forgetAll = "DELETE FROM unique_keys WHERE job_id = ?";

/** For a job that becomes another one; it goes without keys that somebody else has. */
export function changeUniques(room: Room, owner: Owner, uniques: readonly Unique[]): void {
  room.sql(forgetAll).run(owner.id);
  addUniques(room, owner, uniques);
}

/** Beside those that it has; it goes without keys that somebody else has. */
export function addUniques(room: Room, owner: Owner, uniques: readonly Unique[]): void {
  for (const unique of uniques)
    take(room, owner, { unique, free: keeperOf(room, unique.key) === null });
}

function take(
  room: Room,
  { id, state }: Owner,
  { unique, free }: { readonly unique: Unique; readonly free: boolean },
): void {
  const { key, states, forMs } = unique;
  const until = forMs === null ? null : room.now + forMs;
  const held = free && states.includes(state);
  room.sql(keep).run(id, key, `,${states.join()},`, until, Number(held));
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
