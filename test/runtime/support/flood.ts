// A thread that writes numbered lines faster than they are read, and has them cut all the time.

import { appendFileSync } from "node:fs";
import { setImmediate as nextRound } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { OutputLimit } from "../../../packages/runtime/src/child/commands/run/output-limit.ts";

const { file, lines, limitBytes } = workerData as {
  readonly file: string;
  readonly lines: number;
  readonly limitBytes: number;
};
const limit = new OutputLimit({
  limitBytes: () => limitBytes,
  files: () => [],
  looked: () => undefined,
});

for (let line = 0; line < lines; line++) {
  appendFileSync(file, `${String(line).padStart(9)}\n`);
  if (line % 10 !== 0) continue;
  limit.ended([file]);
  await nextRound();
}
