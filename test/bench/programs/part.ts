// The process of one measurement; see ../harness/part.ts.

import { Bench, type BenchOptions } from "../harness/measurement.ts";
import type { Answer } from "../harness/part.ts";
import { asked } from "../harness/program.ts";
import { measurements } from "../measurements.ts";

const { name, ...options } = asked<BenchOptions & { readonly name: string }>();
const measurement = measurements.find((each) => each.name === name)!;
const bench = new Bench(options);
let answer: Answer;
try {
  answer = { figures: await measurement.run(bench) };
} catch (error) {
  answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
await bench.close();
process.send!(answer, () => process.exit(0));
