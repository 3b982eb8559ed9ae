// Commands between a person and the queue: forced to start, put back, let go. Slots that they give
// up, and who may go on for it, follow from the triggers and from reconcile.

import type { JobState } from "../../job.ts";
import {
  answerForce,
  answerLetGo,
  answerStash,
  refuseBlocked,
} from "../../rules/commands/answers.ts";
import { longestDelay, prefixed, time } from "../../rules/fields.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Driver } from "../driver.ts";
import { Room } from "../flow/slots/room.ts";
import { each } from "./each.ts";

const forgetTargets = "DELETE FROM dependencies WHERE job_id = ?";
const makeReady = "UPDATE jobs SET state = 'ready', run_at = min(run_at, :now) WHERE id = :id";

export function force(driver: Driver, ids: readonly number[]): readonly CommandAction[] {
  const room = new Room(driver);
  const act = (id: number, state: JobState): CommandAction | undefined => {
    if (state === "ready") return undefined;
    // One that is promoted by others is ready; whoever still is blocked lacks a slot.
    const lacking = room.lackingOf(id);
    const taken = lacking.find((gate) => !room.isFree(gate));
    if (taken ?? (state === "blocked" ? lacking[0] : undefined))
      return refuseBlocked(id, (taken ?? lacking[0])!.key);
    driver.sql(forgetTargets).run(id);
    room.take(id, lacking);
    driver.sql(makeReady).run({ id, now: room.now });
    return undefined;
  };
  return each(driver, ids, { answer: answerForce, act });
}

/** @throws StoreError `invalid` */
export function checkDelay(delayMs: number | null): number | null {
  if (delayMs === null) return null;
  return prefixed("the commands cannot be delayed", () => time("delayMs", delayMs, longestDelay));
}

const openLock = "UPDATE commands SET lock_owner = NULL, locked_until = NULL WHERE job_id = ?";
const hold = "UPDATE jobs SET state = 'held' WHERE id = ? AND state <> 'held'";

export function stash(
  driver: Driver,
  ids: readonly number[],
  delayMs: number | null,
): readonly CommandAction[] {
  const act = (id: number, state: JobState): undefined => {
    driver.sql(openLock).run(id);
    if (delayMs === null) driver.sql(hold).run(id);
    else delay(driver, { id, state }, delayMs);
  };
  return each(driver, ids, { answer: answerStash, act });
}

const isBound = "SELECT 1 FROM dependencies WHERE job_id = ? LIMIT 1";
const setTime = "UPDATE jobs SET run_at = ? WHERE id = ?";
const move = "UPDATE jobs SET state = :state, run_at = :runAt WHERE id = :id";

/** It is scheduled; one that still waits for others does that first. */
function delay(
  driver: Driver,
  { id, state }: { readonly id: number; readonly state: JobState },
  delayMs: number,
): void {
  const runAt = Math.ceil(driver.now() + delayMs);
  const bound = state !== "scheduled" && driver.value(isBound, id) !== undefined;
  const next = bound ? "waiting" : "scheduled";
  if (state === next) return void driver.sql(setTime).run(runAt, id);
  // No way leads from there to the schedule, but through a person's hands.
  if (state === "blocked" || state === "ready") driver.sql(hold).run(id);
  driver.sql(move).run({ id, runAt, state: next });
}

export function letGo(
  driver: Driver,
  ids: readonly number[],
  delayMs: number | null,
): readonly CommandAction[] {
  const act = (id: number, state: JobState): undefined => {
    if (delayMs !== null) return void delay(driver, { id, state }, delayMs);
    const bound = state === "held" && driver.value(isBound, id) !== undefined;
    // Without its slots it is blocked at once, by a trigger, and in line.
    driver.sql(move).run({ id, runAt: driver.now(), state: bound ? "waiting" : "ready" });
  };
  return each(driver, ids, { answer: answerLetGo, act });
}
