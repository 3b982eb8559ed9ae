// Budget row "drain on threads (2 threads)".

import { drainRuntime } from "../../harness/drain.ts";
import { type Bench, inRounds, type Measurement } from "../../harness/measurement.ts";
import { atLeast, type Figure, medianOf } from "../../report/figures.ts";

export const drainThreads: Measurement = {
  name: "drain-threads",
  title: "Drain of no-op jobs, one worker process, on 2 threads",
  limitMs: 90_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const jobs = bench.many(50_000, 5_000);
  const { one, ten } = await inRounds(bench.many(5), {
    one: () => drainRuntime(bench, { threads: 2, concurrency: 1 }, jobs),
    ten: () => drainRuntime(bench, { threads: 2, concurrency: 10 }, jobs),
  });
  return [
    medianOf("1 at once per thread", "/s", one, atLeast(12_000)),
    medianOf("10 at once per thread", "/s", ten),
  ];
}
