// Drains no-op jobs in another checkout of this repository, or in this one: with the harness, the
// command line and the store that are there.

import { join } from "node:path";
import type { drainRuntime } from "../harness/drain.ts";
import type { Bench, StoreKind } from "../harness/measurement.ts";
import { asked } from "../harness/program.ts";

interface Options {
  readonly checkout: string;
  readonly folder: string;
  readonly store: StoreKind;
  readonly jobs: number;
  readonly loop: Parameters<typeof drainRuntime>[1];
}

const { checkout, folder, store, jobs, loop } = asked<Options>();
const load = <Module>(name: string): Promise<Module> =>
  import(join(checkout, "test/bench/harness", `${name}.ts`)) as Promise<Module>;
const harness = await load<{ readonly Bench: typeof Bench }>("measurement");
const there = await load<{ readonly drainRuntime: typeof drainRuntime }>("drain");
const bench = new harness.Bench({ folder, scale: 1, profiles: null, store });
let answer: number;
try {
  answer = await there.drainRuntime(bench, loop, jobs);
} finally {
  await bench.close();
}
process.send!(answer, () => process.exit(0));
