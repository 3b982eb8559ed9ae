// Budget row "`status --json --limit 20` with 100,000 commands". What the API answers, and the
// command line as a shell starts it; what the start of that process takes by itself is measured
// beside it, round by round, and taken off.

import { timesOf, tookMs } from "../../harness/bash.ts";
import { CommandRuntime } from "../../harness/command-runtime.ts";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { below, type Figure, medianOf, percentileOf } from "../../report/figures.ts";

export const status: Measurement = {
  name: "commands/status",
  title: "The status of 100,000 commands",
  limitMs: 180_000,
  run,
};

const paths = ["/commands?limit=20", "/commands?last=20", "/status", "/groups"] as const;

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using runtime = await CommandRuntime.start(bench);
  await runtime.park(bench.many(100_000, 1_000));
  const api = new Map<string, number[]>(paths.map((path) => [path, []]));
  const whole: number[] = [];
  const start: number[] = [];
  const bare: number[] = [];
  const cwd = runtime.project.folder;
  const timed = async (line: string): Promise<number> =>
    tookMs((await timesOf(line, { count: 1, cwd }))[0]!);
  const once = (words: string): Promise<number> => timed(runtime.line(words));
  for (let round = 0; round < bench.many(30, 5); round += 1) {
    for (const path of paths) {
      for (let times = 0; times < 5; times += 1) {
        api.get(path)!.push((await runtime.control.get(path)).ms);
      }
    }
    whole.push(await once("status --json --limit 20"));
    start.push(await once("status --help"));
    bare.push(await timed(`${process.execPath} -e 0`));
  }
  const budget = below(50);
  const beyond = whole.map((ms, round) => ms - start[round]!);
  return [
    ...[...api].flatMap(([path, samples]) => [
      percentileOf({ what: `GET ${path}, p50`, budget }, samples, 50),
      percentileOf({ what: `GET ${path}, p99`, budget }, samples, 99),
    ]),
    medianOf("status --json --limit 20, from a shell", "ms", whole),
    medianOf("a command line that reads nothing (status --help)", "ms", start),
    medianOf("Node itself (node -e 0)", "ms", bare),
    medianOf("the one without the other", "ms", beyond, budget),
  ];
}
