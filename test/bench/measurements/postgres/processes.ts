// 1, 2 and 4 worker processes on one database, 20 jobs at once in each.

import {
  bareOne,
  bullmqRedis,
  type Entry,
  graphileBatched,
  pgBossTuned,
} from "../../contenders.ts";
import { drainPeer } from "../../harness/contest.ts";
import { drainRuntime, loop } from "../../harness/drain.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { against, lines, us } from "../../report/compare.ts";
import type { Figure } from "../../report/figures.ts";

export const processes: Measurement = {
  name: "processes",
  title: "Drain with 1, 2 and 4 worker processes, PostgreSQL (and Redis)",
  limitMs: 400_000,
  run,
};

const peers = [bareOne, graphileBatched, pgBossTuned, bullmqRedis];

async function run(bench: Bench): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const count of [1, 2, 4]) {
    const jobs = (entry: Entry): number => bench.many(entry.drain, 1_000);
    const contest = await inRoundsWhoever(bench.many(2), {
      [us]: () => drainRuntime(bench, { ...loop, processes: count }, bench.many(50_000, 5_000)),
      ...Object.fromEntries(
        peers.map((entry) => [
          entry.label,
          () => drainPeer(bench, entry, { jobs: jobs(entry), processes: count }),
        ]),
      ),
    });
    const all = [
      ...lines(contest, "/s"),
      against(contest, graphileBatched.label, { unit: "x" }),
      against(contest, bareOne.label, { unit: "%" }),
    ];
    figures.push(...all.map((figure) => ({ ...figure, what: `${count}: ${figure.what}` })));
  }
  return figures;
}
