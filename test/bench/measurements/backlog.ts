// Budget row "claim with 1,000,000 ready jobs". All stores take the same turns, one after the other.

import { Claimer } from "../harness/claimer.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { below, type Figure, medianOf } from "../report/figures.ts";

export const backlog: Measurement = {
  name: "backlog",
  title: "A turn that settles and claims 20 jobs, with 1,000 to 1,000,000 jobs ready",
  limitMs: 180_000,
  run,
};

const lists = { "*": ["*"], "names and a prefix": ["urgent", "def*"] };

async function run(bench: Bench): Promise<readonly Figure[]> {
  const sizes = [1_000, bench.many(100_000, 5_000), bench.many(1_000_000, 10_000)];
  const claimers: Claimer[] = [];
  for (const size of sizes) claimers.push(await Claimer.open(bench, size));
  const figures: Figure[] = [];
  for (const [label, queues] of Object.entries(lists)) {
    const costs: number[][] = sizes.map(() => []);
    for (let round = 0; round < bench.many(20, 3); round += 1) {
      for (const [index, claimer] of claimers.entries()) {
        costs[index]!.push(await claimer.turns(queues, 20));
      }
    }
    const [few, , many] = costs;
    const ratio = many!.map((cost, round) => cost / few![round]!);
    figures.push(
      ...costs.map((each, index) =>
        medianOf(`queues ${label}: ${sizes[index]!.toLocaleString("en-GB")} ready`, "ms", each),
      ),
      medianOf(`queues ${label}: the most / the fewest`, "x", ratio, below(1.5)),
    );
  }
  for (const claimer of claimers) await claimer.close();
  return figures;
}
