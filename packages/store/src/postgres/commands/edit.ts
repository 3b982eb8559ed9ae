// What an editor does: it locks commands, so that none begins meanwhile, and gives them back
// changed. And what else may be changed of a command that has not begun.

import {
  answerLock,
  answerSetVariable,
  answerSwap,
  answerUnlock,
  done,
  refuseHalf,
  refuseNoVariable,
  refuseSelf,
} from "../../rules/commands/answers.ts";
import { checkChanges } from "../../rules/commands/changes.ts";
import {
  checkVariableName,
  checkVariableValue,
  prepareEnvironment,
} from "../../rules/commands/new-command.ts";
import { longestDelay, prefixed, text, time } from "../../rules/fields.ts";
import type { CommandAction } from "../../store/command.ts";
import type { CommandChanges, Commands } from "../../store/commands.ts";
import type { Run } from "../driver.ts";
import { change } from "../flow/reconcile.ts";
import { type Acting, each, type Known, lockAll } from "./each.ts";
import { heard, idsOf } from "./let-go.ts";

const longestOwner = 200;
const setLock = `UPDATE queue_runtime.commands SET lock_owner = $2::text,
    locked_until = queue_runtime.now_ms() + $3::bigint
  WHERE job_id = ANY ($1::bigint[])`;

export async function lock(
  acting: Acting,
  ids: readonly number[],
  { owner, forMs }: Parameters<Commands["lock"]>[1],
): Promise<readonly CommandAction[]> {
  const { who, ms } = prefixed("the commands cannot be locked", () => ({
    who: text("owner", owner, longestOwner),
    ms: Math.ceil(time("forMs", forMs, longestDelay)),
  }));
  const act = async (run: Run, known: readonly Known[]): Promise<undefined> =>
    void (await run(setLock, [idsOf(known), who, ms]));
  return each(acting, ids, { answer: answerLock(who), act });
}

export async function unlock(
  acting: Acting,
  ids: readonly number[],
  { owner, changes }: Parameters<Commands["unlock"]>[1],
): Promise<readonly CommandAction[]> {
  const checked = checkChanges(changes);
  const act = async (run: Run, known: readonly Known[]): Promise<undefined> => {
    await run(setLock, [idsOf(known), null, null]);
    await applyChanges(run, idsOf(known), checked);
  };
  return heard(acting, await each(acting, ids, { answer: answerUnlock(owner), act }));
}

const setCommand = `UPDATE queue_runtime.commands SET line = coalesce($2::text, line),
    argv = CASE WHEN $2::text IS NULL THEN argv END, directory = coalesce($3::text, directory)
  WHERE job_id = $1`;
const setLabel = "UPDATE queue_runtime.jobs SET label = $2 WHERE id = $1";
/** It is in another lane then, among jobs that came to theirs later. */
const setPriority = `UPDATE queue_runtime.jobs SET priority = $2, returned = true WHERE id = $1`;
const setUrgency = "UPDATE queue_runtime.job_gates SET priority = $2 WHERE job_id = $1";

/** They were checked. */
export async function applyChanges(
  run: Run,
  ids: readonly number[],
  changes: ReadonlyMap<number, CommandChanges>,
): Promise<void> {
  for (const id of ids) {
    const { line = null, directory = null, label, priority } = changes.get(id) ?? {};
    if (line !== null || directory !== null) await run(setCommand, [id, line, directory]);
    if (label !== undefined) await run(setLabel, [id, label]);
    if (priority === undefined) continue;
    await run(setPriority, [id, priority]);
    await run(setUrgency, [id, priority]);
  }
}

const variablesOf = "SELECT variables FROM queue_runtime.environments WHERE id = $1";
/** As in the transaction of an application: a new one is nobody else's, and is not waited for. */
const setEnvironment = `UPDATE queue_runtime.commands
  SET environment_id = queue_runtime.keep_environment($2, $3::json, false) WHERE job_id = $1`;
const forget = "SELECT queue_runtime.forget_environments(ARRAY[$1::bigint])";

export async function setVariable(
  acting: Acting,
  id: number,
  variable: { readonly name: string; readonly value: string | null },
): Promise<CommandAction> {
  const prefix = "the variable cannot be set";
  const { name, value } = prefixed(prefix, () => ({
    name: checkVariableName(variable.name),
    value: variable.value === null ? null : checkVariableValue(variable.name, variable.value),
  }));
  const act = async (
    run: Run,
    [known]: readonly Known[],
  ): Promise<readonly CommandAction[] | undefined> => {
    const { environmentId } = known!;
    const [row] = (await run(variablesOf, [environmentId])).rows as [Record<string, string>][];
    const { [name]: old, ...others } = row![0];
    if (value === null && old === undefined) return [refuseNoVariable(id, name)];
    const variables = value === null ? others : { ...others, [name]: value };
    const { hash, json } = prefixed(prefix, () => prepareEnvironment(variables));
    await run(setEnvironment, [id, hash, json]);
    await run(forget, [environmentId]);
  };
  const [answer] = await each(acting, [id], { answer: answerSetVariable, act });
  return answer!;
}

/** Who has his own place again needs none. */
const exchange = `UPDATE queue_runtime.jobs AS job SET priority = other.priority,
    place = nullif(coalesce(other.place, other.id), job.id), returned = true
  FROM queue_runtime.jobs AS other
  WHERE job.id = ANY ($1::bigint[]) AND other.id = ANY ($1::bigint[]) AND job.id <> other.id`;
const urgencies = `UPDATE queue_runtime.job_gates AS gate SET priority = job.priority
  FROM queue_runtime.jobs AS job
  WHERE gate.job_id = ANY ($1::bigint[]) AND job.id = gate.job_id`;

/** Both or none. */
export async function swap(
  acting: Acting,
  one: number,
  other: number,
): Promise<readonly CommandAction[]> {
  const ids = [one, other];
  for (;;) {
    const answers = await change(acting, async (run) => {
      const { known, moving } = await lockAll(run, ids);
      if (moving.size > 0) return null;
      const refusals = ids.map((id) => answerSwap(id, known.get(id)));
      if (one === other) return ids.map((id, n) => refusals[n] ?? refuseSelf(id));
      if (refusals.some((refusal) => refusal !== null))
        return ids.map((id, n) => refusals[n] ?? refuseHalf(id, ids[1 - n]!));
      await run(exchange, [ids]);
      await run(urgencies, [ids]);
      return ids.map(done);
    });
    if (answers) return answers;
  }
}
