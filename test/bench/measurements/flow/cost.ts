// What limits cost those who have none: the same no-op jobs drained in a store without any key, in
// one with 10,000 jobs blocked on another key, and each with a key of its own for which it never
// waits. With `--before DIR`, a built checkout from before there were limits, that one too.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { drained, loop } from "../../harness/drain.ts";
import { workOff } from "../../harness/flow.ts";
import { type Bench, inRounds, type Measurement, ratios } from "../../harness/measurement.ts";
import type { Filling } from "../../harness/payload.ts";
import { ask } from "../../harness/program.ts";
import { free, link, own } from "../../jobs/flow-jobs.ts";
import { atLeast, type Figure, medianOf } from "../../report/figures.ts";

export const cost: Measurement = {
  name: "flow/cost",
  title: "What limits cost: drain of no-op jobs, one process, 20 at once",
  limitMs: 400_000,
  run,
};

const here = fileURLToPath(new URL("../../../..", import.meta.url));

async function run(bench: Bench): Promise<readonly Figure[]> {
  const count = bench.many(50_000, 5_000);
  const blocked: Filling = { job: link, count: bench.many(10_000, 2_000), queue: "parked" };
  const rounds = bench.many(5);
  const { alone, beside, keyed } = await inRounds(rounds, {
    alone: () => drain(bench, [{ job: free, count }]),
    beside: () => drain(bench, [{ job: free, count }, blocked]),
    keyed: () => drain(bench, [{ job: own, count }]),
  });
  return [
    medianOf("no keys in the store", "/s", alone),
    medianOf(`beside ${blocked.count.toLocaleString("en-GB")} blocked jobs`, "/s", beside),
    medianOf("each with a key that never blocks", "/s", keyed),
    medianOf("beside blocked jobs / no keys", "%", percent(beside, alone), atLeast(95)),
    medianOf("with a key / without", "%", percent(keyed, alone)),
    ...(bench.before === null ? [] : await sinceBefore(bench, bench.before, [rounds, count])),
  ];
}

/** Jobs per second of the first filling, from its first claim to its last settlement. */
function drain(bench: Bench, fillings: readonly [Filling, ...Filling[]]): Promise<number> {
  const [{ job, count }] = fillings;
  return workOff(bench, { fillings, processes: 1 }, async (project) => {
    const { done, ms } = await drained(bench, project, job.name);
    if (done !== count) throw new Error(`${done} of ${count} jobs were drained`);
    return count / (ms / 1_000);
  });
}

/** Both checkouts by their own means, by turns. */
async function sinceBefore(
  bench: Bench,
  before: string,
  [rounds, jobs]: readonly [number, number],
): Promise<Figure[]> {
  const drainIn = (checkout: string) => () =>
    ask<number>("drain-in", { checkout, folder: bench.folder(), store: bench.store, jobs, loop });
  const { earlier, now } = await inRounds(rounds, {
    earlier: drainIn(before),
    now: drainIn(resolve(here)),
  });
  return [
    medianOf("the checkout from before", "/s", earlier),
    medianOf("this one, drained in the same way", "/s", now),
    medianOf("this one / the one from before", "%", percent(now, earlier), atLeast(95)),
  ];
}

const percent = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ratios(ours, theirs).map((ratio) => ratio * 100);
