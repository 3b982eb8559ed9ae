// What `status=` may name: our states, with paused apart from running, and the words of Pueue.

import { type JobState, jobStates } from "@queue-runtime/store/job";
import type { CommandRow } from "../../../control/desk.ts";
import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";

/** Every command has exactly one. */
export type Status = JobState | "paused";
export const allStatuses: readonly Status[] = [...jobStates, "paused"];

/** Pueue's `failed` is everything that did not succeed; here a killed one is `cancelled`. */
const words: Readonly<Record<string, readonly Status[]>> = {
  queued: ["ready", "waiting", "blocked"],
  stashed: ["held", "scheduled"],
  delayed: ["scheduled"],
  success: ["finished"],
  killed: ["cancelled"],
  done: ["finished", "failed", "cancelled"],
};

/** @throws UsageError */
export function statusesNamed(name: string): readonly Status[] {
  const own = allStatuses.find((each) => each === name);
  if (own !== undefined) return [own];
  const found = Object.hasOwn(words, name) ? words[name] : undefined;
  if (found !== undefined) return found;
  const all = [...allStatuses, ...Object.keys(words)].join(", ");
  throw new UsageError(`${quoted(name)} is not a status; the statuses are ${all}`);
}

export function statusOf({ state, paused }: Pick<CommandRow, "state" | "paused">): string {
  return state === "running" && paused ? "paused" : state;
}
