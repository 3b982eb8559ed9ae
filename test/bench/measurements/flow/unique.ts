// Enqueueing with a unique key, one by one and in bulk, while nobody has the key and while a job
// that waits has it: then nothing is added.

import {
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisDurable,
  type Entry,
  graphile,
  pgBoss,
  runtime,
} from "../../contenders.ts";
import { Clients } from "../../harness/clients.ts";
import { type Bench, inRoundsWhoever, type Measurement } from "../../harness/measurement.ts";
import { against, lines, us } from "../../report/compare.ts";
import type { Figure } from "../../report/figures.ts";

export const unique: Measurement = {
  name: "flow/unique",
  title: "Enqueue with a unique key, one client",
  limitMs: 240_000,
  run,
};

const peers = [graphile, pgBoss, bullmqRedis, bullmqRedisDurable, bullmqPostgres];

/** Jobs per slice, as without keys. */
const slices = { "one by one": 50, "in bulk": 1_000 } as const;

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using clients = new Clients(bench);
  const plain: Entry = { ...runtime, label: `${us}, no key`, store: bench.store };
  const ours: Entry = { ...runtime, store: bench.store, discipline: "unique" };
  const theirs = bench.store === "postgres" ? peers : [];
  const keyed = [ours, ...theirs.map((peer): Entry => ({ ...peer, discipline: "unique" }))];
  const figures: Figure[] = [];
  // numbers are used up in this order, by each client for itself
  let next = 0;
  for (const [way, jobs] of Object.entries(slices)) {
    const bulk = way === "in bulk";
    const rounds = bench.many(bulk ? 30 : 40, 5);
    const first = next;
    next += rounds * jobs;
    const contest = async (entries: readonly Entry[], taken: boolean) => {
      const slice = (entry: Entry) => {
        let from = first;
        return async (): Promise<number> => {
          const { client } = await clients.of(entry);
          const rate = await client.tell<number>({ do: "enqueue", jobs, bulk, from });
          if (!taken) from += jobs;
          return rate;
        };
      };
      const all = entries.map((entry) => [entry.label, slice(entry)]);
      return await inRoundsWhoever(rounds, Object.fromEntries(all));
    };
    const free = await contest([...keyed, plain], false);
    const taken = await contest(keyed, true);
    figures.push(
      ...titled(`${way}, free`, [
        ...lines(free, "/s"),
        against(free, plain.label, { unit: "%" }),
        ...theirs.map(({ label }) => against(free, label, { unit: "x" })),
      ]),
      ...titled(`${way}, taken`, [
        ...lines(taken, "/s"),
        ...theirs.map(({ label }) => against(taken, label, { unit: "x" })),
      ]),
    );
  }
  return figures;
}

function titled(title: string, figures: readonly Figure[]): Figure[] {
  return figures.map((figure) => ({ ...figure, what: `${title}: ${figure.what}` }));
}
