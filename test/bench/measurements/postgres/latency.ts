// Budget row "enqueue to start, p50 / p99, idle runtime, acknowledged durably", on PostgreSQL: from
// before the call that enqueues in one process to the first line of the job in another, one job
// every 15 to 35 ms. The bare path is an INSERT that notifies, and a process that listens, claims
// one and calls a function.

import {
  bareAlone,
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisDurable,
  type Entry,
  graphile,
  graphileBatched,
  pgBossTuned,
  sidequest,
} from "../../contenders.ts";
import { Run } from "../../harness/contest.ts";
import { loop } from "../../harness/drain.ts";
import { type Bench, type Measurement, missingOr } from "../../harness/measurement.ts";
import { us } from "../../report/compare.ts";
import {
  atMost,
  type Figure,
  type Measured,
  medianOf,
  percentile,
  percentileOf,
} from "../../report/figures.ts";
import { latencies } from "../latency.ts";

export const latency: Measurement = {
  name: "latency",
  title: "Enqueue to start, idle, one job now and then, PostgreSQL (and Redis)",
  limitMs: 240_000,
  run,
};

const peers = [
  bareAlone,
  graphile,
  graphileBatched,
  pgBossTuned,
  bullmqRedis,
  bullmqRedisDurable,
  bullmqPostgres,
  sidequest,
];

const onThreads = `${us}, on threads`;

type Sampled = { readonly samples: number[]; missing: string | null };

async function run(bench: Bench): Promise<readonly Figure[]> {
  const count = bench.many(120, 40);
  const ours = async (worker: object) => (await latencies(bench, worker, count)).start;
  const takes: Record<string, () => Promise<readonly number[]>> = {
    [us]: () => ours(loop),
    [onThreads]: () => ours({ threads: 3 }),
    ...Object.fromEntries(peers.map((entry) => [entry.label, () => sample(bench, entry, count)])),
  };
  const all = new Map<string, Sampled>();
  for (let round = 0; round < bench.many(2); round += 1) {
    for (const [name, take] of Object.entries(takes)) {
      const so: Sampled = all.get(name) ?? { samples: [], missing: null };
      all.set(name, so);
      if (so.missing !== null) continue;
      const taken = await missingOr(take);
      if (typeof taken === "string") so.missing = taken;
      else so.samples.push(...taken);
    }
  }
  const figures = [...all].flatMap(([name, each]) => figuresOf(name, each));
  return [...figures, ...ratios(all.get(us)!, all.get(bareAlone.label)!)];
}

function figuresOf(name: string, { samples, missing }: Sampled): Figure[] {
  if (missing !== null) return [{ what: name, missing }];
  const bar = { panel: "Milliseconds from enqueue to start", contender: name };
  const p50: Measured = percentileOf({ what: `${name}, p50` }, samples, 50);
  return [
    // we are in the chart once, as the others are
    name === onThreads ? p50 : { ...p50, bar },
    percentileOf({ what: `${name}, p99` }, samples, 99),
  ];
}

function ratios(mine: Sampled, bare: Sampled): Figure[] {
  return [50, 99].map((percent) => {
    const what = `${us} / ${bareAlone.label}, p${percent}`;
    if (mine.missing !== null || bare.missing !== null) return { what, missing: "without both" };
    const ratio = percentile(mine.samples, percent) / percentile(bare.samples, percent);
    return medianOf(what, "x", [ratio], atMost(1.3));
  });
}

async function sample(bench: Bench, entry: Entry, jobs: number): Promise<readonly number[]> {
  await using run = await Run.start(bench, entry);
  const [worker] = await run.work(1, Number.POSITIVE_INFINITY);
  await run.client.tell({ do: "pace", jobs, warm: 20 });
  const ended = performance.now() + 10_000;
  for (;;) {
    const samples = await worker!.tell<readonly number[]>({ do: "latencies" });
    if (samples.length >= jobs) return samples;
    if (performance.now() > ended) throw new Error(`${samples.length} of ${jobs} jobs started`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
