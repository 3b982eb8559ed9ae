// `concurrency:` and `queues:`, what operators know better than the code of jobs: how many of them
// may run at once, and how often, over all hosts and whoever enqueues them.

import { type QueueSettings, type Rate, whyNoBurst } from "@queue-runtime/store";
import type { ConcurrencyConfig } from "../../config.ts";
import { bounds, defaults } from "../defaults.ts";
import {
  duration,
  field,
  fields,
  mapOf,
  needed,
  orFalse,
  placeOf,
  type Reader,
  wholeNumber,
  yesOrNo,
} from "../readers.ts";
import { jobName, queueName } from "./names.ts";

export const readConcurrency: Reader<ConcurrencyConfig> = (tree, problems) =>
  fields(tree, problems, { limits: field(readLimits, defaults.concurrency.limits) });

const readLimits = mapOf(
  { name: jobName, value: wholeNumber(bounds.slots) },
  "write the name of a job and a number, such as invoice.send: 5",
);

const readRate: Reader<Rate> = (tree, problems) => {
  const read = fields(tree, problems, {
    limit: field<number | null>(wholeNumber(bounds.rateLimit), null),
    per: field<number | null>(duration(bounds.ratePeriod), null),
    burst: field<number | null>(wholeNumber(bounds.rateLimit), null),
  });
  needed(tree, problems, {
    limit: "write how many runs may begin, such as limit: 100",
    per: "write in which period, such as per: 1s",
  });
  const { limit, per: perMs } = read;
  if (limit === null || perMs === null) return undefined;
  const burst = read.burst ?? limit;
  const wrong = whyNoBurst({ limit, burst });
  if (wrong === null) return { limit, perMs, burst };
  problems.add(placeOf(tree, "burst"), wrong);
  return undefined;
};

const readSettings: Reader<QueueSettings> = (tree, problems) =>
  fields(tree, problems, {
    slots: field<number | null>(wholeNumber(bounds.slots), null),
    rate: field<Rate | null>(orFalse(readRate), null),
    fair: field(yesOrNo, false),
  });

export const readQueues: Reader<Readonly<Record<string, QueueSettings>>> = mapOf(
  { name: queueName, value: readSettings },
  "write the name of a queue, and keys below it",
);
