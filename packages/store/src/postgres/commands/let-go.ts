// Commands between a person and the queue: forced to start, put back, let go. Slots that they give
// up, and who may go on for it, follow from the triggers and from reconcile.

import {
  answerForce,
  answerLetGo,
  answerStash,
  refuseBlocked,
} from "../../rules/commands/answers.ts";
import { longestDelay, prefixed, time } from "../../rules/fields.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Run } from "../driver.ts";
import { anyGate } from "../migrations/2-flow/links.ts";
import { type Acting, each, type Known } from "./each.ts";

const forgetTargets = "DELETE FROM queue_runtime.dependencies WHERE job_id = ANY ($1::bigint[])";
const makeReady = `UPDATE queue_runtime.jobs SET state = 'ready', returned = true,
    run_at = least(run_at, queue_runtime.now_ms())
  WHERE id = ANY ($1::bigint[])`;
const forceGated = "SELECT job, key FROM queue_runtime.force_commands($1::bigint[])";

export async function force(
  acting: Acting,
  ids: readonly number[],
): Promise<readonly CommandAction[]> {
  const act = async (run: Run, known: readonly Known[]): Promise<readonly CommandAction[]> => {
    const waiting = known.filter(({ state }) => state !== "ready");
    const gated = waiting.filter(({ linked }) => (linked & anyGate) !== 0);
    const free = idsOf(waiting.filter(({ linked }) => (linked & anyGate) === 0));
    if (free.length > 0) {
      await run(forgetTargets, [free]);
      await run(makeReady, [free]);
    }
    if (gated.length === 0) return [];
    const rows = (await run(forceGated, [idsOf(gated)])).rows as [number, string | null][];
    return rows.flatMap(([id, key]) => (key === null ? [] : [refuseBlocked(id, key)]));
  };
  return heard(acting, await each(acting, ids, { answer: answerForce, act }));
}

/** @throws StoreError `invalid` */
function checkDelay(delayMs: number | null): number | null {
  if (delayMs === null) return null;
  const ms = prefixed("the commands cannot be delayed", () =>
    time("delayMs", delayMs, longestDelay),
  );
  return Math.ceil(ms);
}

const openLocks = `UPDATE queue_runtime.commands SET lock_owner = NULL, locked_until = NULL
  WHERE job_id = ANY ($1::bigint[]) AND lock_owner IS NOT NULL`;
const hold = `UPDATE queue_runtime.jobs SET state = 'held'
  WHERE id = ANY ($1::bigint[]) AND state <> 'held'`;

export async function stash(
  acting: Acting,
  ids: readonly number[],
  delayMs: number | null,
): Promise<readonly CommandAction[]> {
  const ms = checkDelay(delayMs);
  const act = async (run: Run, known: readonly Known[]): Promise<undefined> => {
    await run(openLocks, [idsOf(known)]);
    if (ms === null) await run(hold, [idsOf(known)]);
    else await delay(run, known, ms);
  };
  const answers = await each(acting, ids, { answer: answerStash, act });
  if (ms !== null) acting.announcer.announceDue(ms);
  return answers;
}

const isBound = `EXISTS (SELECT FROM queue_runtime.dependencies AS dependency
    WHERE dependency.job_id = job.id)`;
const move = (otherwise: string): string => `UPDATE queue_runtime.jobs AS job SET
    state = CASE WHEN ${isBound} THEN 'waiting' ELSE '${otherwise}' END, returned = true,
    run_at = queue_runtime.now_ms() + $2::bigint
  WHERE id = ANY ($1::bigint[])`;
const schedule = move("scheduled");
/** Without its slots it is blocked at once, by a trigger, and in line. */
const free = move("ready");

/** They are scheduled; those that still wait for others do that first. */
async function delay(run: Run, known: readonly Known[], ms: number): Promise<void> {
  // no way leads from there to the schedule, but through a person's hands
  const stuck = known.filter(({ state }) => state === "blocked" || state === "ready");
  if (stuck.length > 0) await run(hold, [idsOf(stuck)]);
  await run(schedule, [idsOf(known), ms]);
}

export async function letGo(
  acting: Acting,
  ids: readonly number[],
  delayMs: number | null,
): Promise<readonly CommandAction[]> {
  const ms = checkDelay(delayMs);
  const act = async (run: Run, known: readonly Known[]): Promise<undefined> => {
    if (ms === null) await run(free, [idsOf(known), 0]);
    else await delay(run, known, ms);
  };
  const answers = await each(acting, ids, { answer: answerLetGo, act });
  if (ms === null) return heard(acting, answers);
  acting.announcer.announceDue(ms);
  return answers;
}

export function idsOf(known: readonly Known[]): readonly number[] {
  return known.map(({ id }) => id);
}

/** Some may be ready now. */
export function heard<T extends readonly CommandAction[]>({ announcer }: Acting, answers: T): T {
  if (answers.some(({ outcome }) => outcome === "done")) announcer.announce("ready");
  return answers;
}
