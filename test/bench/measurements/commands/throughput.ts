// Budget row "`true` commands per second on two cores". All of them lie in the queue before the
// first begins. Ours last from the first claim to the last stored end, as the rows say; peers from
// the first command to the last one, as these write down themselves; xargs from its start to its
// end. Everybody runs `sh -c true`.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../support/wait-for.ts";
import { quoted, stampInto, stampsIn, timesOf, tookMs } from "../../harness/bash.ts";
import { drainCommands } from "../../harness/drain-commands.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { against, type Contest, lines, us } from "../../report/compare.ts";
import { atLeast, type Figure } from "../../report/figures.ts";
import { openNq } from "../../spoolers/nq.ts";
import { fillSpooler, type Spooler } from "../../spoolers/spooler.ts";
import { openTaskSpooler } from "../../spoolers/task-spooler.ts";

export const throughput: Measurement = {
  name: "commands/throughput",
  title: "Commands per second: `true`, all of them queued before",
  limitMs: 400_000,
  run,
};

/** Each waiting command is a process of theirs. */
const mostOfPeers = 300;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const count = bench.many(2_000, 100);
  const contest = await inRoundsWhoever(bench.many(5, 1), {
    [ours(1)]: () => drainCommands(bench, { count, slots: 1 }),
    [ours(2)]: () => drainCommands(bench, { count, slots: 2 }),
    [ours(4)]: () => drainCommands(bench, { count, slots: 4 }),
    ...(bench.store === "sqlite" ? peers(bench, count) : {}),
  });
  const judged = [ours(2), ours(4)];
  return [
    ...lines(contest, "/s").map((figure) =>
      judged.includes(figure.what) ? { ...figure, budget: atLeast(200) } : figure,
    ),
    ...(bench.store === "sqlite" ? comparisons(contest) : []),
  ];
}

const ours = (slots: number): string => `${us}, ${slots} ${slots === 1 ? "slot" : "slots"}`;

const nq = "nq, one at a time";
const tsp = "task-spooler -S 2";
const plain = "xargs -P2, which is no queue";

function peers(bench: Bench, count: number): Readonly<Record<string, () => Promise<number>>> {
  const few = bench.many(mostOfPeers, 50);
  return {
    [nq]: async () => drainSpooler(await openNq(bench.folder()), few),
    [tsp]: async () => drainSpooler(await openTaskSpooler(bench.folder(), 2), few),
    [plain]: () => xargs(bench, count),
  };
}

/** Each with as many slots as they have. */
function comparisons(contest: Contest): Figure[] {
  const compare = (theirs: string, slots: number): Figure =>
    against({ [us]: contest[ours(slots)]!, [theirs]: contest[theirs]! }, theirs, { unit: "%" });
  return [compare(nq, 1), compare(tsp, 2), compare(plain, 2)];
}

async function drainSpooler(opened: Spooler, count: number): Promise<number> {
  await using spooler = opened;
  const file = join(spooler.cwd, "stamps");
  const stamp = `bash -c ${quoted(stampInto(file))}`;
  const between = Array.from({ length: count }, () => "sh -c true");
  await fillSpooler(spooler, [stamp, ...between, stamp]);
  writeFileSync(join(spooler.cwd, "go"), "");
  const both = () => {
    const stamps = stampsIn(readFileSync(file, { encoding: "utf8", flag: "a+" }));
    return stamps.length === 2 && stamps;
  };
  const [first, last] = await waitFor(both, { deadlineMs: 60_000, everyMs: 20, what: "the last" });
  return (count + 1) / ((last! - first!) / 1_000);
}

async function xargs(bench: Bench, count: number): Promise<number> {
  const line = `bash -c 'seq ${count} | xargs -P2 -I{} sh -c true'`;
  const [taken] = await timesOf(line, { count: 1, cwd: bench.folder() });
  return count / (tookMs(taken!) / 1_000);
}
