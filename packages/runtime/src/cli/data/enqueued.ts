// What a command answers that enqueued one job. An id on stdout is that of a job: scripts go on
// with it.

import type { Enqueued } from "@queue-runtime/store";
import { exitCodes } from "../../process/exit-codes.ts";
import type { Invocation } from "../line/command.ts";

/** What the id alone does not say. */
const said = {
  exists: "a job with this key is there already; this is its id",
  replaced: "a job with this key was there; it has this input now",
  discarded: "no slot was free: nothing was enqueued",
} as const;

/** `facts` come before the answer in `--json`. Exit 1 where there is no job. */
export function reportEnqueued(
  { json, output }: Pick<Invocation, "json" | "output">,
  answer: Enqueued,
  facts: object = {},
): number {
  const { id, outcome } = answer;
  const isThere = outcome !== "discarded";
  if (json) output.json({ ...facts, ...answer });
  else if (isThere) output.result(String(id));
  if (!json && outcome !== "created") output.say(said[outcome]);
  return isThere ? exitCodes.ok : exitCodes.unexpected;
}
