// Why nothing can be done to the process of a command, and which word does what was meant instead.

import { type CommandJob, endStates, type JobState } from "@queue-runtime/store";
import type { Answer } from "../../../desk.ts";
import { type Reach, refused, unknownCommand } from "../reach.ts";

/** What somebody wanted to do to its process. */
export type Verb = "kill" | "pause" | "resume" | "send";

/** `away`: it runs, and not within our reach. */
export function explain(
  { live, whyNot }: Pick<Reach, "live" | "whyNot">,
  id: number,
  { job, verb }: { readonly job: CommandJob | null; readonly verb: Verb },
): Answer {
  if (job === null) return unknownCommand(id);
  const { state } = job;
  if (state !== "running") {
    return refused(id, `it does not run: it is ${state}; ${instead(verb, id, state)}`);
  }
  if (live === null) return { id, outcome: "away", error: whyNot };
  const { process } = job.command;
  const where = process
    ? `it runs on ${process.host}: ask there; only kill works from here`
    : "it is being started: ask again";
  return { id, outcome: "away", error: where };
}

function instead(verb: Verb, id: number, state: JobState): string {
  const isOver = (endStates as readonly JobState[]).includes(state);
  if (verb === "kill" && isOver) return `\`runtime remove ${id}\` deletes it`;
  if (isOver) return `\`runtime restart ${id}\` runs it again`;
  if (verb === "kill")
    return `\`runtime cancel ${id}\` ends it, \`runtime remove ${id}\` deletes it`;
  if (state === "held") return `\`runtime enqueue ${id}\` lets it go`;
  if (verb === "pause") return `\`runtime stash ${id}\` keeps it from beginning`;
  return `\`runtime start ${id}\` begins it at once`;
}
