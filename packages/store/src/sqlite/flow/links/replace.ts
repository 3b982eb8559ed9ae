// A new job that takes the place of one which has its unique key and has not begun. The old one
// gives back its slots and becomes the new one in all but its id, its name and its batch; it is
// admitted like a new job, but waits by its id: nobody who came later is let past it.

import type { JobState } from "../../../job.ts";
import { admit, type PreparedJob } from "../../../rules/new-job.ts";
import { applyPolicies, conflict } from "../slots/conflict.ts";
import { writeGates } from "../slots/gates.ts";
import { promote } from "../slots/promote.ts";
import type { Room, StoredGate } from "../slots/room.ts";
import { changeUniques } from "./unique.ts";

interface Old {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
}

interface New {
  readonly job: PreparedJob;
  readonly gates: readonly StoredGate[];
  /** That of the old one. */
  readonly keepsTime: boolean;
}

const runAtOf = "SELECT run_at AS runAt FROM jobs WHERE id = ?";
/** Its keys need not hear of the states between: unseen by the triggers. */
const leave = "UPDATE jobs SET state = 'held', linked = 0 WHERE id = ?";
const write = `UPDATE jobs SET args = :args, priority = :priority, label = :label, queue = :queue,
  run_at = :runAt, concurrency_key = :concurrencyKey, unique_key = :uniqueKey, keyed = 1,
  place = NULL
  WHERE id = :id`;
const link = "UPDATE jobs SET linked = 1 WHERE id = ?";
const comeBack = "UPDATE jobs SET state = ?, linked = 1 WHERE id = ?";
const forgetSlots = "DELETE FROM slots WHERE job_id = ?";
const forgetGates = "DELETE FROM job_gates WHERE job_id = ?";

/**
 * False when the new job is dropped, since there is no slot for it: nothing has changed.
 * @throws StoreError `conflict`
 */
export function replace(room: Room, old: Old, { job, gates, keepsTime }: New): boolean {
  const { id } = old;
  const own = gates.map((gate) => (gate.name === "" ? gate : { ...gate, name: old.name }));
  const { state, runAt } = admissionOf(room, old, { job, keepsTime });
  if (state === "ready" && !hasSlots(room, id, own)) return false;
  const keys = new Set([...room.keysOf(id), ...own.map(({ key }) => key)]);
  const stays = state === old.state && (state === "held" || state === "waiting");
  if (!stays) room.sql(leave).run(id);
  room.sql(forgetSlots).run(id);
  room.sql(forgetGates).run(id);
  const { args, priority, label, queue } = job;
  const [concurrencyKey, uniqueKey] = [job.gates[0]?.key ?? null, job.uniques[0]?.key ?? null];
  room.sql(write).run({ id, args, priority, label, queue, runAt, concurrencyKey, uniqueKey });
  writeGates(room, id, { gates: own, priority, since: null });
  changeUniques(room, { id, state }, job.uniques);
  if (state === "held") room.sql(link).run(id);
  else if (!stays) room.sql(comeBack).run(state, id);
  settle(room, id, keys);
  return true;
}

/** Who is held or waits for other jobs goes on to do so. */
function admissionOf(
  room: Room,
  { id, state }: Old,
  { job, keepsTime }: Omit<New, "gates">,
): { readonly state: JobState; readonly runAt: number } {
  const { runAt } = room.sql(runAtOf).get(id) as { runAt: number };
  const admission = admit(keepsTime ? { ...job, at: runAt } : job, room.now);
  return state === "held" || state === "waiting" ? { ...admission, state } : admission;
}

/** Asked before it gives its own ones back: they count as free. */
function hasSlots(room: Room, id: number, gates: readonly StoredGate[]): boolean {
  for (const gate of gates) {
    if (gate.onConflict !== "fail" && gate.onConflict !== "discard") continue;
    if (room.isFree(gate, id)) continue;
    if (gate.onConflict === "fail") throw conflict(room, gate.key);
    return false;
  }
  return true;
}

/** How many jobs of a key may come before it, where it has given back what they want. */
const most = 100;
const stateOf = "SELECT state FROM jobs WHERE id = ?";
/** What it does on conflict is asked here, and not once more by those who come after it. */
const asked = "UPDATE touched SET outcome = NULL WHERE job_id = ?";

function settle(room: Room, id: number, keys: ReadonlySet<string>): void {
  const isBlocked = (): boolean => room.sql(stateOf).get(id)?.state === "blocked";
  const giveAway = (): void => {
    room.recount();
    for (const key of keys) promote(room, key, { most });
  };
  giveAway();
  if (isBlocked()) {
    applyPolicies(room, id);
    giveAway();
  }
  room.sql(asked).run(id);
}
