// What every part of a desk works on, and how the answers of those it asks become its own.

import type { CommandAction, CommandGroupSettings, Store } from "@queue-runtime/store";
import type { Answer } from "../../desk.ts";
import type { LiveAnswer, LiveCommands } from "../../live-commands.ts";
import { DeskError } from "../desk-error.ts";

export interface Reach {
  readonly store: Store;
  /** null: nothing can be done to processes from here. */
  readonly live: LiveCommands | null;
  /** Of the output of commands; null: this configuration runs none. */
  readonly folder: string | null;
  /** Why `live` is null, and what to do. */
  readonly whyNot: string;
}

/** One that did what it was asked says how that is called here. */
export function named(
  answers: readonly (CommandAction | LiveAnswer)[],
  outcome: string,
): readonly Answer[] {
  return answers.map((answer) => nameOf(answer, outcome));
}

export function nameOf(answer: CommandAction | LiveAnswer, outcome: string): Answer {
  if (answer.outcome === "done") return { id: answer.id, outcome };
  return answer;
}

export function unknownCommand(id: number): Answer {
  return { id, outcome: "unknown", error: `there is no command ${id}` };
}

export function refused(id: number, error: string): Answer {
  return { id, outcome: "refused", error };
}

export function inOrder(ids: readonly number[], answers: readonly Answer[]): readonly Answer[] {
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return ids.map((id) => byId.get(id) ?? unknownCommand(id));
}

/** @throws DeskError `unknown`, with the groups that are there */
export async function requireGroup(
  { store }: Reach,
  name: string,
): Promise<readonly CommandGroupSettings[]> {
  const groups = await store.commands.groupSettings();
  if (groups.some((group) => group.name === name)) return groups;
  const names = groups.map((group) => group.name).join(", ");
  throw new DeskError("unknown", `there is no group ${JSON.stringify(name)}; the groups: ${names}`);
}
