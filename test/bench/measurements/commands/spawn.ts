// Budget row "queue to spawn, a free slot": from the acknowledged add to the first action of the
// command, which is to write down the time of day. It is a line for bash, because that knows the
// time to the microsecond; how long bash itself takes to get there is measured beside it. A command
// may well begin before the acknowledgement has reached us: then it counts as 0.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../../support/wait-for.ts";
import { quoted, stampInto, stampsIn, timesOf } from "../../harness/bash.ts";
import { type Added, CommandRuntime } from "../../harness/command-runtime.ts";
import { dayOffset } from "../../harness/day-clock.ts";
import { type Bench, type Measurement, missingOr } from "../../harness/measurement.ts";
import { below, type Figure, percentileOf } from "../../report/figures.ts";
import { openNq } from "../../spoolers/nq.ts";
import type { Spooler } from "../../spoolers/spooler.ts";
import { openTaskSpooler } from "../../spoolers/task-spooler.ts";

export const spawn: Measurement = {
  name: "commands/spawn",
  title: "Queue to spawn: to the first action of a command that has a free slot",
  limitMs: 240_000,
  run,
};

/** Peers are few: their marks are in one file, in order. */
const pauseSeconds = 0.03;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const samples = bench.many(500, 30);
  const { acknowledged, asked } = await ours(bench, samples);
  const alone = await bashAlone(bench, samples);
  return [
    percentileOf({ what: "from the acknowledgement, p50" }, acknowledged, 50),
    percentileOf({ what: "from the acknowledgement, p99", budget: below(5) }, acknowledged, 99),
    percentileOf({ what: "from asking, p50" }, asked, 50),
    percentileOf({ what: "from asking, p99" }, asked, 99),
    percentileOf({ what: "of which bash itself, p50" }, alone, 50),
    percentileOf({ what: "of which bash itself, p99" }, alone, 99),
    ...(bench.store === "sqlite" ? await ofPeers(bench) : []),
  ];
}

async function ours(
  bench: Bench,
  samples: number,
): Promise<{ readonly acknowledged: readonly number[]; readonly asked: readonly number[] }> {
  await using runtime = await CommandRuntime.start(bench, { shell: ["bash", "-c"] });
  const { control, project } = runtime;
  // the command before may still be on its way out
  await control.post("/groups/default", { slots: 2 });
  const file = join(project.folder, "stamp");
  const acknowledged: number[] = [];
  const asked: number[] = [];
  for (let sample = -20; sample < samples; sample += 1) {
    const offset = dayOffset();
    const body = runtime.request(stampInto(`${file}-${sample}`));
    const { askedAt, answeredAt } = await control.post<Added>("/commands", body);
    const at = await stampOf(`${file}-${sample}`);
    // the first ones warm the code up, and start the process that runs commands
    if (sample >= 0) acknowledged.push(Math.max(0, at - offset - answeredAt));
    if (sample >= 0) asked.push(at - offset - askedAt);
    await sleep(10 + Math.random() * 20);
  }
  return { acknowledged, asked };
}

/** When it was written. */
async function stampOf(file: string): Promise<number> {
  const written = (): string | false => {
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    return text.endsWith("\n") && text;
  };
  return stampsIn(await waitFor(written, { deadlineMs: 20_000, what: "the first action" }))[0]!;
}

/** The same line, started by a shell. */
async function bashAlone(bench: Bench, count: number): Promise<readonly number[]> {
  const folder = bench.folder();
  return await stampedBy("bash -c", { count, folder, cwd: folder });
}

async function ofPeers(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  const count = bench.many(200, 20);
  for (const [name, open] of Object.entries({ nq: openNq, "task-spooler": openTaskSpooler })) {
    const folder = bench.folder();
    const found = await missingOr(async () => {
      await using spooler: Spooler = await open(folder);
      const { add, cwd, env = {} } = spooler;
      return await stampedBy(`${add} bash -c`, { count, folder, cwd, env });
    });
    if (typeof found === "string") figures.push({ what: name, missing: found });
    else
      for (const percent of [50, 99]) {
        figures.push(percentileOf({ what: `${name}, from asking, p${percent}` }, found, percent));
      }
  }
  return figures;
}

/** From each start of the line to the first action of what it begins. */
async function stampedBy(
  line: string,
  { folder, ...rest }: StampOptions,
): Promise<readonly number[]> {
  const file = join(folder, "stamps");
  const taken = await timesOf(`${line} ${quoted(stampInto(file))}`, { ...rest, pauseSeconds });
  const all = () => {
    const stamps = stampsIn(readFileSync(file, "utf8"));
    return stamps.length === rest.count && stamps;
  };
  const stamps = await waitFor(all, { deadlineMs: 20_000, what: "all stamps" });
  return stamps.map((at, index) => at - taken[index]!.from);
}

interface StampOptions {
  readonly folder: string;
  readonly count: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}
