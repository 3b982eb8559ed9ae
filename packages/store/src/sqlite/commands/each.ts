// One answer per id: each command is looked at by itself, one after the other, so that an id that
// is asked for twice is answered as the first left it.

import type { JobState } from "../../job.ts";
import { type CommandAnswer, done, type Standing } from "../../rules/commands/answers.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Driver } from "../driver.ts";

const standing = `SELECT state, lock_owner AS lockOwner,
    locked_until IS NOT NULL AND locked_until > ?2 AS locked
  FROM commands CROSS JOIN jobs ON jobs.id = job_id WHERE job_id = ?1`;

export function standingOf(driver: Driver, id: number): Standing | undefined {
  if (!Number.isSafeInteger(id)) return undefined;
  const row = driver.sql(standing).get(id, driver.now());
  if (!row) return undefined;
  const lockOwner = row.lockOwner as string | null;
  return { state: row.state as JobState, lockOwner, locked: row.locked === 1 };
}

export interface Deed {
  readonly answer: CommandAnswer;
  /** What is done to those that are not refused; it may refuse them all the same. */
  readonly act: (id: number, state: JobState) => CommandAction | undefined;
}

export function each(
  driver: Driver,
  ids: readonly number[],
  { answer, act }: Deed,
): readonly CommandAction[] {
  return ids.map((id) => {
    const known = standingOf(driver, id);
    return answer(id, known) ?? act(id, known!.state) ?? done(id);
  });
}
