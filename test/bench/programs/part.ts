// The process of one measurement; see ../harness/part.ts.

import { Bench } from "../harness/measurement.ts";
import type { Answer, PartOptions } from "../harness/part.ts";
import { asked } from "../harness/program.ts";
import { measurements } from "../measurements.ts";

const { name, ...options } = asked<PartOptions & { readonly name: string }>();
const measurement = measurements.find((each) => each.name === name)!;
let answer: Answer;
try {
  answer = { figures: await measurement.run(new Bench(options)) };
} catch (error) {
  answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
process.send!(answer, () => process.exit(0));
