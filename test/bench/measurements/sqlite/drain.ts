// Budget row "drain of no-op jobs, SQLite, one process, loop mode".

import { drainBare, drainPlainjob, drainRuntime, drainStore, loop } from "../../harness/drain.ts";
import { type Bench, inRounds, type Measurement, ratios } from "../../harness/measurement.ts";
import { atLeast, type Figure, medianOf } from "../../report/figures.ts";

export const drain: Measurement = {
  name: "drain",
  title: "Drain of no-op jobs, one worker process, on its main loop, 20 at once",
  limitMs: 180_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const jobs = bench.many(50_000, 5_000);
  const { ours, plainjob, bare, deleting, turns } = await inRounds(bench.many(5), {
    ours: () => drainRuntime(bench, loop, jobs),
    plainjob: () => drainPlainjob(bench, jobs),
    bare: () => drainBare(bench, jobs, true),
    deleting: () => drainBare(bench, jobs, false),
    turns: () => drainStore(bench, jobs),
  });
  return [
    charted("the runtime", ours),
    charted("plainjob", plainjob),
    charted("bare SQL loop that keeps its rows, batches of 100", bare, "bare SQL, keeping rows"),
    medianOf("bare SQL loop that deletes its rows", "/s", deleting),
    medianOf("store.jobs.turn in a loop, batches of 100", "/s", turns),
    medianOf("the runtime / plainjob", "x", ratios(ours, plainjob), atLeast(3)),
    medianOf("the runtime / bare, keeping", "%", percent(ratios(ours, bare)), atLeast(20)),
    medianOf("the runtime / bare, deleting", "%", percent(ratios(ours, deleting)), atLeast(20)),
    medianOf("the runtime / store.jobs.turn", "%", percent(ratios(ours, turns))),
  ];
}

function charted(what: string, rounds: readonly number[], contender = what): Figure {
  const bar = { panel: "Jobs per second on SQLite", contender };
  return { ...medianOf(what, "/s", rounds), bar };
}

const percent = (values: readonly number[]): number[] => values.map((value) => value * 100);
