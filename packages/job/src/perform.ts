// One run of one job, from its stored args to an outcome. Never throws, whatever job code does. It
// knows no store, thread or process: `run` stands for all of them.

import type { JobDefinition } from "./define/definition.ts";
import { errorCodes } from "./errors.ts";
import { runIteration } from "./iteration.ts";
import type { Outcome } from "./outcome.ts";
import { type Ending, endingOf, failed, failedForGood } from "./perform/ending.ts";
import { contextOf, type Standing, standingOf } from "./perform/standing.ts";
import { toJobError } from "./perform/to-job-error.ts";
import type { Run } from "./run.ts";
import { validate } from "./values/schema.ts";
import { strictJson } from "./values/strict-json.ts";

/** Runs a job once; outcome.ts says what may come of it. Retries are the caller's to schedule. */
export async function perform(definition: JobDefinition, run: Run): Promise<Outcome> {
  const standing = standingOf(definition, run);
  let args: unknown = run.job.args;
  try {
    if (definition.input !== null) {
      // Rows live longer than code: what was valid at enqueue may not be any more.
      const valid = validate(definition.input, definition.name, args);
      args = valid instanceof Promise ? await valid : valid;
    }
  } catch (thrown) {
    return refused(thrown, args, standing);
  }
  try {
    if (definition.iteration === null) {
      return finished(await definition.perform!(args, contextOf(standing)), standing);
    }
    const end = await runIteration(definition.iteration, args, standing);
    return end.outcome === "finished" ? finished(end.result, standing) : ended(end, args, standing);
  } catch (thrown) {
    return ended(endingOf(thrown, standing), args, standing);
  }
}

const nothingReturned: Outcome = Object.freeze({ outcome: "finished", result: null });

/** @throws NotJsonError */
function finished(result: unknown, { position }: Standing): Outcome {
  if (position === null && (result === undefined || result === null)) return nothingReturned;
  const json = result === undefined ? null : strictJson(result, "result");
  return { outcome: "finished", result: json, ...(position !== null && { position }) };
}

function ended(ending: Ending, args: unknown, standing: Standing): Outcome {
  if (ending.outcome === "failed") return failed(ending.error, args, standing);
  return standing.position === null ? ending : { ...ending, position: standing.position };
}

/** An invalid input stays invalid; a schema that throws may have had a bad moment. */
function refused(thrown: unknown, args: unknown, standing: Standing): Outcome {
  const error = toJobError(thrown);
  if (error.code === errorCodes.invalidInput) return failedForGood(error, standing);
  return ended(endingOf(thrown, standing), args, standing);
}
