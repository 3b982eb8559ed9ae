// `dispatcher:`, which makes due jobs ready and clears old ones; false switches it off.

import type { Retention } from "@queue-runtime/store";
import type { DispatcherConfig } from "../../config.ts";
import { bounds, defaults } from "../defaults.ts";
import { duration, field, fields, orFalse, type Reader, wholeNumber } from "../readers.ts";

const otherwise = defaults.dispatcher;
const kept = duration(bounds.retention);

/** One duration is for jobs that finished or were cancelled; failed ones keep their default. */
const readRetention: Reader<Retention> = (tree, problems) => {
  if (tree.kind !== "map") {
    const both = kept(tree, problems);
    if (both === undefined) return undefined;
    return { ...otherwise.retention, finishedMs: both, cancelledMs: both };
  }
  const read = fields(tree, problems, {
    finished: field(kept, otherwise.retention.finishedMs),
    cancelled: field(kept, otherwise.retention.cancelledMs),
    failed: field(kept, otherwise.retention.failedMs),
  });
  return { finishedMs: read.finished, cancelledMs: read.cancelled, failedMs: read.failed };
};

export const readDispatcher: Reader<DispatcherConfig | null> = orFalse((tree, problems) => {
  const read = fields(tree, problems, {
    polling_interval: field(duration(bounds.pollingInterval), otherwise.pollingIntervalMs),
    batch_size: field(wholeNumber(bounds.batchSize), otherwise.batchSize),
    concurrency_maintenance_interval: field(
      duration(bounds.maintenanceInterval),
      otherwise.concurrencyMaintenanceIntervalMs,
    ),
    retention: field(readRetention, otherwise.retention),
  });
  return {
    pollingIntervalMs: read.polling_interval,
    batchSize: read.batch_size,
    concurrencyMaintenanceIntervalMs: read.concurrency_maintenance_interval,
    retention: read.retention,
  };
});
