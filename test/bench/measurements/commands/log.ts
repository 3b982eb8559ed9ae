// Budget row "`log --lines 10` of a file of 1 GB": lines of 100 bytes, put in the place of what a
// command has written. The file is in the page cache, as output that was just written is.

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../../support/wait-for.ts";
import { timesOf, tookMs } from "../../harness/bash.ts";
import { CommandRuntime } from "../../harness/command-runtime.ts";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { below, type Figure, medianOf, percentileOf } from "../../report/figures.ts";

export const log: Measurement = {
  name: "commands/log",
  title: "The last 10 lines of 1 GB of output",
  limitMs: 180_000,
  run,
};

const lineBytes = 100;

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using runtime = await CommandRuntime.start(bench);
  const { control, project } = runtime;
  const id = await runtime.add("echo");
  const ended = async (): Promise<boolean> =>
    (await control.get<{ state: string }>(`/commands/${id}`)).body.state === "finished";
  await waitFor(ended, { deadlineMs: 20_000, what: "the end of the command" });
  const file = join(project.folder, "output", `${id}.1.log`);
  const bytes = writeLines(file, bench.many(1e9, 1e6));
  const api: number[] = [];
  const whole: number[] = [];
  const start: number[] = [];
  const tail: number[] = [];
  const once = async (line: string): Promise<number> =>
    tookMs((await timesOf(line, { count: 1, cwd: project.folder }))[0]!);
  for (let round = 0; round < bench.many(30, 5); round += 1) {
    const { ms, body } = await control.get<string>(`/commands/${id}/output?lines=10`);
    if (body.length !== 10 * lineBytes) throw new Error(`it answered ${body.length} bytes`);
    api.push(ms);
    whole.push(await once(runtime.line(`log ${id} --lines 10`)));
    start.push(await once(runtime.line("log --help")));
    tail.push(await once(`tail -n 10 '${file}'`));
  }
  const budget = below(100);
  const beyond = whole.map((ms, round) => ms - start[round]!);
  const size = `${Math.round(bytes / 1e6).toLocaleString("en-GB")} MB`;
  return [
    percentileOf({ what: `GET /commands/ID/output?lines=10 of ${size}, p50`, budget }, api, 50),
    percentileOf({ what: "the same, p99", budget }, api, 99),
    medianOf("log --lines 10, from a shell", "ms", whole),
    medianOf("a command line that reads nothing (log --help)", "ms", start),
    medianOf("the one without the other", "ms", beyond, budget),
    medianOf("tail -n 10, from a shell", "ms", tail),
  ];
}

/** Answers how many bytes it has then. */
function writeLines(file: string, bytes: number): number {
  const line = `${"x".repeat(lineBytes - 1)}\n`;
  const piece = Buffer.from(line.repeat(10_000));
  const descriptor = openSync(file, "w");
  let written = 0;
  while (written < bytes) written += writeSync(descriptor, piece);
  closeSync(descriptor);
  return written;
}
