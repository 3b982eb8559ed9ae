// `concurrency:`, what operators know better than the code of jobs: how many may run at once.

import type { ConcurrencyConfig } from "../../config.ts";
import { bounds, defaults } from "../defaults.ts";
import { field, fields, mapOf, type Reader, wholeNumber } from "../readers.ts";
import { jobName } from "./names.ts";

export const readConcurrency: Reader<ConcurrencyConfig> = (tree, problems) =>
  fields(tree, problems, { limits: field(readLimits, defaults.concurrency.limits) });

const readLimits = mapOf(
  { name: jobName, value: wholeNumber(bounds.slots) },
  "write the name of a job and a number, such as invoice.send: 5",
);
