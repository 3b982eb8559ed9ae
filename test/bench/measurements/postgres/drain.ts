// Budget row "drain of no-op jobs, PostgreSQL, one process, loop mode, 20 at once". All of them on
// the same server, each in a new database, by turns.

import {
  bareKeep,
  bareOne,
  bareTwo,
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisDurable,
  type Entry,
  graphile,
  graphileBatched,
  pgBoss,
  pgBossTuned,
  sidequest,
} from "../../contenders.ts";
import { drainPeer } from "../../harness/contest.ts";
import { drainRuntime, loop } from "../../harness/drain.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { against, best, lines, us } from "../../report/compare.ts";
import { atLeast, type Budget, type Figure } from "../../report/figures.ts";

export const drain: Measurement = {
  name: "drain",
  title: "Drain of no-op jobs, one process, 20 at once, PostgreSQL (and Redis)",
  limitMs: 600_000,
  run,
};

const peers = [
  bareOne,
  bareTwo,
  bareKeep,
  graphileBatched,
  graphile,
  pgBossTuned,
  pgBoss,
  bullmqRedis,
  bullmqRedisDurable,
  bullmqPostgres,
  sidequest,
];

async function run(bench: Bench): Promise<readonly Figure[]> {
  const runtime = () => drainRuntime(bench, loop, bench.many(50_000, 5_000));
  const contest = await inRoundsWhoever(bench.many(4), {
    [us]: runtime,
    ...Object.fromEntries(peers.map((entry) => [entry.label, () => drainOnce(bench, entry)])),
  });
  const limit = best(contest, [bareOne.label, bareTwo.label]);
  const factor = (peer: Entry, budget?: Budget): Figure =>
    against(contest, peer.label, { unit: "x", ...(budget && { budget }) });
  return [
    ...lines(contest, "/s", "Jobs per second"),
    factor(graphileBatched, atLeast(1.3)),
    against(contest, limit, { unit: "%", budget: atLeast(45) }),
    against(contest, bareKeep.label, { unit: "%" }),
    ...[pgBossTuned, bullmqRedis, bullmqPostgres].map((peer) => factor(peer)),
  ];
}

function drainOnce(bench: Bench, entry: Entry): Promise<number> {
  return drainPeer(bench, entry, { jobs: bench.many(entry.drain, 60), processes: 1 });
}
