// What only PostgreSQL is measured for, in order; the comparison with peers is here.

import type { Measurement } from "../harness/measurement.ts";
import { backlog } from "./backlog.ts";
import { backlogDrain } from "./postgres/backlog-drain.ts";
import { cost } from "./postgres/cost.ts";
import { drain } from "./postgres/drain.ts";
import { enqueue } from "./postgres/enqueue.ts";
import { latency } from "./postgres/latency.ts";
import { processes } from "./postgres/processes.ts";
import { snapshot } from "./postgres/snapshot.ts";

export const onPostgres: readonly Measurement[] = [
  drain,
  enqueue,
  latency,
  processes,
  backlogDrain,
  backlog,
  cost,
  snapshot,
];
