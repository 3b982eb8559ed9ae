// How fast jobs are drained with 1,000, 100,000 and 1,000,000 of them waiting. Of the million only
// the first seconds are measured.

import { bareOne, type Entry, graphileBatched, pgBossTuned } from "../../contenders.ts";
import { drainPeer, sipPeer } from "../../harness/contest.ts";
import { drainRuntime, loop, sipRuntime } from "../../harness/drain.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { lines, us } from "../../report/compare.ts";
import type { Figure } from "../../report/figures.ts";

export const backlogDrain: Measurement = {
  name: "backlog-drain",
  title: "Drain of a backlog of 1,000, 100,000 and 1,000,000 jobs, one process, PostgreSQL",
  limitMs: 500_000,
  run,
};

const peers = [bareOne, graphileBatched, pgBossTuned];
const forMs = 4_000;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const whole = (jobs: number, rounds: number): Promise<Figure[]> =>
    contest(jobs, rounds, {
      ours: () => drainRuntime(bench, loop, jobs),
      theirs: (entry) => drainPeer(bench, entry, { jobs, processes: 1 }),
    });
  const million = bench.many(1_000_000, 50_000);
  const load = { jobs: million, forMs: Math.max(100, forMs * bench.scale) };
  return [
    ...(await whole(1_000, bench.many(3))),
    ...(await whole(bench.many(100_000, 5_000), 1)),
    ...(await contest(million, 1, {
      ours: () => sipRuntime(bench, loop, load),
      theirs: (entry) => sipPeer(bench, entry, load),
    })),
  ];
}

interface Course {
  readonly ours: () => Promise<number>;
  readonly theirs: (entry: Entry) => Promise<number>;
}

async function contest(jobs: number, rounds: number, course: Course): Promise<Figure[]> {
  const rates = await inRoundsWhoever(rounds, {
    [us]: course.ours,
    ...Object.fromEntries(peers.map((entry) => [entry.label, () => course.theirs(entry)])),
  });
  const title = `${jobs.toLocaleString("en-GB")} waiting`;
  return lines(rates, "/s").map((figure) => ({ ...figure, what: `${title}: ${figure.what}` }));
}
