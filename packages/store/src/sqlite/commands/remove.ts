// Removes commands for good; what is stored beside their jobs goes by triggers.

import { answerRemove, done, refuseNeeded } from "../../rules/commands/answers.ts";
import { whoStays } from "../../rules/commands/removal.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Driver } from "../driver.ts";
import { standingOf } from "./each.ts";

const waiting = "SELECT job_id FROM dependencies WHERE on_id = ? ORDER BY job_id";
const remove = "DELETE FROM jobs WHERE id = ?";

export function removeAll(driver: Driver, ids: readonly number[]): readonly CommandAction[] {
  const asked = [...new Set(ids)];
  const refusals = new Map(asked.map((id) => [id, answerRemove(id, standingOf(driver, id))]));
  const free = asked.filter((id) => refusals.get(id) === null);
  const neededBy = new Map(
    free.map((id) => [id, (driver.tuples(waiting).all(id) as unknown as [number][]).flat()]),
  );
  const stay = whoStays({ ids: free, neededBy });
  for (const id of free) if (!stay.has(id)) driver.sql(remove).run(id);
  return ids.map((id) => {
    const by = stay.get(id);
    return refusals.get(id) ?? (by === undefined ? done(id) : refuseNeeded(id, by));
  });
}
