// restart: what has ended runs again, as a new command or, with --in-place, under its id.

import { endStates } from "@queue-runtime/store";
import type { Changes, Desk, Editable, RestartRequest } from "../../control/desk.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError, UsageError } from "../line/errors.ts";
import { changedIn, editAll } from "./editor/edit-all.ts";
import { readCommandIds } from "./given/ids.ts";
import { hasFailed, reportAnswers } from "./told/answers.ts";

export async function restart(invocation: Invocation): Promise<number> {
  const which = readWhich(invocation);
  const how = readHow(invocation);
  const none = "no command has failed: there is nothing to restart";
  return await withDesk(await invocation.config(), async (desk) => {
    const request = invocation.flag("edit") ? await edited(desk, which) : which;
    if (request.ids?.length === 0) return reportAnswers(invocation, [], none);
    const answers = await desk.restart({ ...request, ...how });
    // what a script goes on with is the id of the new command
    const shown = answers.map((answer) =>
      hasFailed(answer) || answer.new_id === undefined
        ? answer
        : { ...answer, outcome: `${answer.outcome} as ${answer.new_id}` },
    );
    if (invocation.json) return reportAnswers(invocation, answers, none);
    return reportAnswers(invocation, shown, none);
  });
}

type Which = Pick<RestartRequest, "ids" | "all_failed" | "failed_in_group">;

function readWhich(invocation: Invocation): Which {
  const group = invocation.text("failed-in-group");
  const all = invocation.flag("all-failed");
  const ids = readCommandIds(invocation.words);
  const given = [ids.length > 0, all, group !== undefined].filter(Boolean).length;
  if (given === 1) {
    if (group !== undefined) return { failed_in_group: group };
    return all ? { all_failed: true } : { ids };
  }
  const ways = "ids, --all-failed or --failed-in-group";
  throw new UsageError(given === 0 ? `which commands? Give ${ways}` : `give one of ${ways}`);
}

function readHow(
  invocation: Invocation,
): Pick<RestartRequest, "in_place" | "immediate" | "stashed"> {
  const in_place = invocation.flag("in-place");
  const [immediate, stashed] = [invocation.flag("immediate"), invocation.flag("stashed")];
  if (in_place && invocation.flag("not-in-place")) {
    throw new UsageError("give --in-place or --not-in-place, not both");
  }
  if (immediate && stashed) throw new UsageError("give --immediate or --stashed, not both");
  return { in_place, immediate, stashed };
}

/** What they are is read now; whoever changes them meanwhile is overruled. */
async function edited(desk: Desk, which: Which): Promise<RestartRequest> {
  const before = await editables(desk, which);
  if (before.length === 0) return { ids: [] };
  const after = await editAll(before);
  const changes: Record<string, Changes> = Object.fromEntries(changedIn(before, after));
  return { ids: before.map(({ id }) => id), changes };
}

async function editables(desk: Desk, which: Which): Promise<readonly Editable[]> {
  const group = which.failed_in_group;
  const rows = which.ids
    ? await desk.list({ ids: which.ids })
    : await desk.list({
        states: ["failed", "cancelled"],
        ...(group !== undefined && { groups: [group] }),
      });
  const missing = which.ids?.find((id) => rows.every((row) => row.id !== id));
  if (missing !== undefined) throw new CommandError(`there is no command ${missing}`);
  const early = rows.find(({ state }) => !endStates.some((end) => end === state));
  if (early !== undefined) {
    const hint = `only one that has ended can run again; \`runtime edit ${early.id}\` changes it`;
    throw new CommandError(`command ${early.id} is ${early.state}: ${hint}`);
  }
  return rows.map(({ id, command, directory, label, priority }) => {
    return { id, command, directory, label, priority };
  });
}
