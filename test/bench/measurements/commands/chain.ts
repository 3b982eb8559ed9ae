// A chain of commands each of which comes after the one before it, beside as many that share one
// slot: what a dependency costs from end to start.

import { drainCommands } from "../../harness/drain-commands.ts";
import { type Bench, inRounds, type Measurement, ratios } from "../../harness/measurement.ts";
import { type Figure, medianOf } from "../../report/figures.ts";

export const chain: Measurement = {
  name: "commands/chain",
  title: "A chain of dependent commands, links per second",
  limitMs: 240_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const count = bench.many(500, 50);
  const { linked, alone } = await inRounds(bench.many(5, 2), {
    linked: () => drainCommands(bench, { count, slots: 2, chained: true }),
    alone: () => drainCommands(bench, { count, slots: 1 }),
  });
  const percent = ratios(linked, alone).map((ratio) => ratio * 100);
  return [
    medianOf(`a chain of ${count}, two slots free`, "/s", linked),
    medianOf("as many that come after nobody, one slot", "/s", alone),
    medianOf("a chain / one slot", "%", percent),
  ];
}
