// Which commands are meant: ids, a group or all; none of them is the group `default`, as in Pueue.
// Pueue ignores ids beside a group, and does more than was asked for: both together are refused.

import type { Selection } from "../../../control/desk.ts";
import type { Invocation } from "../../line/command.ts";
import { UsageError } from "../../line/errors.ts";
import { readCommandIds } from "./ids.ts";

/** @throws UsageError */
export function readSelection(invocation: Invocation): Selection {
  const group = invocation.text("group");
  const all = invocation.flag("all");
  if (group !== undefined && all) throw new UsageError("give --group or --all, not both");
  if (invocation.words.length > 0 && (all || group !== undefined)) {
    throw new UsageError(`give ids or --${all ? "all" : "group"}, not both`);
  }
  if (all) return { all };
  if (group !== undefined) return { group };
  return invocation.words.length > 0 ? { ids: readCommandIds(invocation.words) } : {};
}

/** In words, such as `the group "gpu"`. */
export function inWords({ ids, group, all }: Selection): string {
  if (all) return "every group";
  if (ids !== undefined) return `the commands ${ids.join(", ")}`;
  return `the group "${group ?? "default"}"`;
}
