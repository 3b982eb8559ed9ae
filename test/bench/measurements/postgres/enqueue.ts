// Budget row "enqueue one by one / in bulk, PostgreSQL". One client, connected and warm, that waits
// for each call; slices of all clients by turns. What is acknowledged is on the disk, except with
// Redis when it writes every second.

import {
  bareOne,
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisDurable,
  type Entry,
  graphile,
  pgBoss,
  runtime,
  sidequest,
} from "../../contenders.ts";
import { Clients } from "../../harness/clients.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { against, lines } from "../../report/compare.ts";
import { atLeast, type Figure } from "../../report/figures.ts";

export const enqueue: Measurement = {
  name: "enqueue",
  title: "Enqueue, one client, PostgreSQL (and Redis)",
  limitMs: 180_000,
  run,
};

const inBulk = [
  runtime,
  bareOne,
  graphile,
  pgBoss,
  bullmqRedis,
  bullmqRedisDurable,
  bullmqPostgres,
];
const oneByOne = [...inBulk, sidequest];

/** Jobs per slice. */
const slice = { one: 50, bulk: 1_000 };

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using clients = new Clients(bench);
  const rate = (entry: Entry, bulk: boolean) => async (): Promise<number> => {
    const { client } = await clients.of(entry);
    return await client.tell({ do: "enqueue", jobs: bulk ? slice.bulk : slice.one, bulk });
  };
  const all = (entries: readonly Entry[], bulk: boolean) =>
    Object.fromEntries(entries.map((entry) => [entry.label, rate(entry, bulk)]));
  const one = await inRoundsWhoever(bench.many(60, 5), all(oneByOne, false));
  const bulk = await inRoundsWhoever(bench.many(40, 5), all(inBulk, true));
  return [
    ...titled("one by one", lines(one, "/s", "Enqueued one by one")),
    ...titled("one by one", [
      against(one, bullmqPostgres.label, { unit: "x", budget: atLeast(1.3) }),
      against(one, bareOne.label, { unit: "%" }),
    ]),
    ...titled("in bulk", lines(bulk, "/s", "Enqueued in bulk")),
    ...titled("in bulk", [
      against(bulk, graphile.label, { unit: "x", budget: atLeast(1.3) }),
      against(bulk, bareOne.label, { unit: "%" }),
    ]),
  ];
}

function titled(title: string, figures: readonly Figure[]): Figure[] {
  return figures.map((figure) => ({ ...figure, what: `${title}, ${figure.what}` }));
}
