// What may be opened as a batch. Its callbacks are checked when it is opened: when it is over,
// nobody is there to hear that they were wrong.

import type { NewJob } from "../job.ts";
import type { NewBatch } from "../store/batch.ts";
import { invalid, jsonText, object, prefixed, text } from "./fields.ts";
import { type PreparedJob, prepareJob } from "./new-job.ts";

export interface PreparedBatch {
  readonly description: string | null;
  /** JSON, or null for `null`. */
  readonly metadata: string | null;
  readonly onFinish: PreparedJob | null;
  readonly onSuccess: PreparedJob | null;
  readonly onFailure: PreparedJob | null;
}

const longestDescription = 10_000;
const largestMetadata = 1_048_576;

/** @throws StoreError `invalid` */
export function prepareBatch(batch: NewBatch): PreparedBatch {
  return prefixed("the batch cannot be opened", () => {
    object("a batch", batch);
    const { description, metadata, onFinish, onSuccess, onFailure } = batch;
    return {
      description:
        description == null ? null : text("description", description, longestDescription),
      metadata: jsonText("metadata", metadata, largestMetadata),
      onFinish: callback("onFinish", onFinish),
      onSuccess: callback("onSuccess", onSuccess),
      onFailure: callback("onFailure", onFailure),
    };
  });
}

/**
 * One that cannot be refused when it is due: it comes after the batch already, and where its keys
 * are taken it is dropped like any other job, or waits.
 */
function callback(field: string, job: NewJob | undefined): PreparedJob | null {
  if (job == null) return null;
  const prepared = prefixed(`the batch cannot be opened: ${field}`, () => prepareJob(job));
  if (prepared.command !== null)
    throw invalid(`${field} must not be a command: its environment would be kept with the batch`);
  if (prepared.after.length > 0)
    throw invalid(`${field} must not have after: it comes after all jobs of the batch`);
  if (prepared.batchId !== null)
    throw invalid(`${field} must not have a batchId: it belongs to no batch`);
  const gates = prepared.gates.map((gate) =>
    gate.onConflict === "fail" ? { ...gate, onConflict: "discard" as const } : gate,
  );
  return { ...prepared, gates };
}

/** A callback as it is enqueued: without args it gets the id of its batch. */
export function callbackOf(batchId: number, callback: PreparedJob): PreparedJob {
  return callback.args === null ? { ...callback, args: `{"batch":${batchId}}` } : callback;
}
