// Removes commands for good. What is stored beside their jobs goes by triggers, but environments:
// those that nobody has any more are looked for once for all of them.

import { answerRemove, done, refuseNeeded } from "../../rules/commands/answers.ts";
import { whoStays } from "../../rules/commands/removal.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Run } from "../driver.ts";
import { change } from "../flow/reconcile.ts";
import { type Acting, lockAll } from "./each.ts";

const waiting = `SELECT on_id, job_id FROM queue_runtime.dependencies AS dependency
  WHERE on_id = ANY ($1::bigint[])
    AND EXISTS (SELECT FROM queue_runtime.jobs WHERE id = dependency.job_id)
  ORDER BY on_id, job_id`;
const removals = [
  "DELETE FROM queue_runtime.jobs WHERE id = ANY ($1::bigint[])",
  "DELETE FROM queue_runtime.ended_jobs WHERE id = ANY ($1::bigint[])",
  "DELETE FROM queue_runtime.job_errors WHERE job_id = ANY ($1::bigint[])",
];
const forget = "SELECT queue_runtime.forget_environments($1::bigint[])";

type Answers = ReadonlyMap<number, CommandAction>;

export async function remove(
  acting: Acting,
  ids: readonly number[],
): Promise<readonly CommandAction[]> {
  const asked = [...new Set(ids)];
  let answers: Answers | null = null;
  while (!answers) answers = await change(acting, (run) => removeIn(run, asked), ids.length > 500);
  return ids.map((id) => answers.get(id)!);
}

/** null: some were just moving from one table to the other. */
async function removeIn(run: Run, asked: readonly number[]): Promise<Answers | null> {
  const { known, moving } = await lockAll(run, asked, "removal");
  if (moving.size > 0) return null;
  const answers = new Map(asked.map((id) => [id, answerRemove(id, known.get(id)) ?? done(id)]));
  const free = asked.filter((id) => answers.get(id)!.outcome === "done");
  const neededBy = new Map<number, number[]>();
  for (const [id, by] of (await run(waiting, [free])).rows as [number, number][])
    neededBy.set(id, [...(neededBy.get(id) ?? []), by]);
  const stay = whoStays({ ids: free, neededBy });
  for (const [id, by] of stay) answers.set(id, refuseNeeded(id, by));
  const going = free.filter((id) => !stay.has(id));
  if (going.length === 0) return answers;
  for (const removal of removals) await run(removal, [going]);
  await run(forget, [[...new Set(going.map((id) => known.get(id)!.environmentId))]]);
  return answers;
}
