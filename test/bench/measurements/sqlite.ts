// What only SQLite is measured for, in order.

import type { Measurement } from "../harness/measurement.ts";
import { backlog } from "./backlog.ts";
import { latency } from "./latency.ts";
import { contention } from "./sqlite/contention.ts";
import { drain } from "./sqlite/drain.ts";
import { drainThreads } from "./sqlite/drain-threads.ts";
import { enqueue } from "./sqlite/enqueue.ts";

export const onSqlite: readonly Measurement[] = [
  drain,
  drainThreads,
  enqueue,
  latency,
  contention,
  backlog,
];
