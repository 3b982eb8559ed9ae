// All measurements, in the order in which they run.

import type { Measurement } from "./harness/measurement.ts";
import { backlog } from "./measurements/backlog.ts";
import { cancel } from "./measurements/cancel.ts";
import { contention } from "./measurements/contention.ts";
import { drain } from "./measurements/drain.ts";
import { drainThreads } from "./measurements/drain-threads.ts";
import { enqueue } from "./measurements/enqueue.ts";
import { idle } from "./measurements/idle.ts";
import { kill } from "./measurements/kill.ts";
import { latency } from "./measurements/latency.ts";
import { memory } from "./measurements/memory.ts";
import { start } from "./measurements/start.ts";
import { term } from "./measurements/term.ts";

export const measurements: readonly Measurement[] = [
  drain,
  drainThreads,
  enqueue,
  latency,
  contention,
  backlog,
  kill,
  term,
  cancel,
  idle,
  memory,
  start,
];
