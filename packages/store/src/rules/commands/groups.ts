// What may be set about a group of commands, and why one cannot be removed.

import type { GroupSettings } from "../../store/command.ts";
import { invalid, object, prefixed } from "../fields.ts";
import { checkQueue } from "../new-job.ts";

/** The group that is always there. */
export const defaultGroup = "default";

const mostSlots = 1_000_000;

/**
 * A group with settings of which some may be absent.
 * @throws StoreError `invalid`
 */
export function checkGroup(name: unknown, settings: GroupSettings): GroupSettings {
  return prefixed("the group cannot be set", () => {
    checkQueue(name);
    const { slots, pauseOnFailure } = object("its settings", settings) as GroupSettings;
    if (pauseOnFailure !== undefined && typeof pauseOnFailure !== "boolean")
      throw invalid("pauseOnFailure must be true or false", pauseOnFailure);
    return {
      ...(slots !== undefined && { slots: checkSlots(slots) }),
      ...(pauseOnFailure !== undefined && { pauseOnFailure }),
    };
  });
}

/**
 * The same of one that is to be added: people write its name in lists and lines of a shell, so it
 * is one word. A queue of jobs has a name of any words, and no place there.
 * @throws StoreError `invalid`
 */
export function checkNewGroup(name: unknown, settings: GroupSettings): GroupSettings {
  const checked = checkGroup(name, settings);
  if (!/[\s,\p{Cc}]/u.test(String(name))) return checked;
  return prefixed("the group cannot be added", () => {
    throw invalid("its name must be one word such as gpu, without spaces or commas", name);
  });
}

function checkSlots(slots: unknown): number {
  if (Number.isSafeInteger(slots) && (slots as number) >= 0 && (slots as number) <= mostSlots)
    return slots as number;
  throw invalid(`slots must be a whole number from 0 (no limit) to ${mostSlots}`, slots);
}

type Removal = { readonly outcome: "done" | "refused" | "unknown"; readonly error?: string };

/** `commands`: how many it has, undefined where there is no such group. null: go ahead. */
export function answerRemoveGroup(name: string, commands: number | undefined): Removal | null {
  const group = `group ${JSON.stringify(name)}`;
  if (commands === undefined) return { outcome: "unknown", error: `there is no ${group}` };
  if (name === defaultGroup)
    return { outcome: "refused", error: `${group} is always there and cannot be removed` };
  if (commands === 0) return null;
  const have = commands === 1 ? "1 command" : `${commands} commands`;
  const how = "remove them first, also those that have ended";
  return { outcome: "refused", error: `${group} has ${have}: ${how}` };
}
