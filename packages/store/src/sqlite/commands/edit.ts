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
import type { Driver } from "../driver.ts";
import { turn } from "../migrations/2-flow.ts";
import { each, standingOf } from "./each.ts";
import { environmentId } from "./insert.ts";
import { environment } from "./list.ts";

const longestOwner = 200;
const setLock = "UPDATE commands SET lock_owner = ?, locked_until = ? WHERE job_id = ?";

export async function lock(
  driver: Driver,
  ids: readonly number[],
  { owner, forMs }: Parameters<Commands["lock"]>[1],
): Promise<readonly CommandAction[]> {
  const { who, ms } = prefixed("the commands cannot be locked", () => ({
    who: text("owner", owner, longestOwner),
    ms: time("forMs", forMs, longestDelay),
  }));
  return driver.write(() => {
    const until = Math.ceil(driver.now() + ms);
    const act = (id: number): undefined => void driver.sql(setLock).run(who, until, id);
    return each(driver, ids, { answer: answerLock(who), act });
  });
}

export async function unlock(
  driver: Driver,
  ids: readonly number[],
  { owner, changes }: Parameters<Commands["unlock"]>[1],
): Promise<readonly CommandAction[]> {
  const checked = checkChanges(changes);
  return driver.write(() => {
    const act = (id: number): undefined => {
      driver.sql(setLock).run(null, null, id);
      applyChanges(driver, id, checked.get(id) ?? {});
    };
    return each(driver, ids, { answer: answerUnlock(owner), act });
  }, "full");
}

const setLine = "UPDATE commands SET line = ?, argv = NULL WHERE job_id = ?";
const setDirectory = "UPDATE commands SET directory = ? WHERE job_id = ?";
const setLabel = "UPDATE jobs SET label = ? WHERE id = ?";
const setPriority = "UPDATE jobs SET priority = ? WHERE id = ?";
const setUrgency = "UPDATE job_gates SET priority = ? WHERE job_id = ?";

/** They were checked. */
export function applyChanges(
  driver: Driver,
  id: number,
  { line, directory, label, priority }: CommandChanges,
): void {
  if (line !== undefined) driver.sql(setLine).run(line, id);
  if (directory !== undefined) driver.sql(setDirectory).run(directory, id);
  if (label !== undefined) driver.sql(setLabel).run(label, id);
  if (priority === undefined) return;
  driver.sql(setPriority).run(priority, id);
  driver.sql(setUrgency).run(priority, id);
}

const setEnvironment = "UPDATE commands SET environment_id = ? WHERE job_id = ?";

export async function setVariable(
  driver: Driver,
  id: number,
  variable: { readonly name: string; readonly value: string | null },
): Promise<CommandAction> {
  const prefix = "the variable cannot be set";
  const { name, value } = prefixed(prefix, () => ({
    name: checkVariableName(variable.name),
    value: variable.value === null ? null : checkVariableValue(variable.name, variable.value),
  }));
  const act = (): CommandAction | undefined => {
    const { [name]: old, ...others } = environment(driver, id)!;
    if (value === null && old === undefined) return refuseNoVariable(id, name);
    const variables = value === null ? others : { ...others, [name]: value };
    const prepared = prefixed(prefix, () => prepareEnvironment(variables));
    driver.sql(setEnvironment).run(environmentId(driver, prepared), id);
    return undefined;
  };
  return driver.write(() => each(driver, [id], { answer: answerSetVariable, act })[0]!, "full");
}

const placeOf = `SELECT priority, ${turn} AS place FROM jobs WHERE id = ?`;
/** Who has his own place again needs none. */
const setPlace = "UPDATE jobs SET priority = ?2, place = nullif(?3, id) WHERE id = ?1";

interface Place {
  readonly priority: number;
  readonly place: number;
}

/** Both or none. */
export function swap(driver: Driver, one: number, other: number): readonly CommandAction[] {
  const ids = [one, other];
  const refusals = ids.map((id) => answerSwap(id, standingOf(driver, id)));
  if (one === other) return ids.map((id, n) => refusals[n] ?? refuseSelf(id));
  if (refusals.some((refusal) => refusal !== null))
    return ids.map((id, n) => refusals[n] ?? refuseHalf(id, ids[1 - n]!));
  const [a, b] = ids.map((id) => driver.sql(placeOf).get(id) as unknown as Place);
  give(driver, one, b!);
  give(driver, other, a!);
  return ids.map(done);
}

function give(driver: Driver, id: number, { priority, place }: Place): void {
  driver.sql(setPlace).run(id, priority, place);
  driver.sql(setUrgency).run(priority, id);
}
