// Budget row "add acknowledged, p50 / p99, flat from 0 to 100,000 queued". One request adds one
// command, durably; what was added is removed again, so that each queue stays as long as it is.
// Peers are asked by a shell, as people do it: their figures, and that of our command line, hold the
// start of a process.

import { timesOf, tookMs } from "../../harness/bash.ts";
import { type Added, CommandRuntime } from "../../harness/command-runtime.ts";
import {
  type Bench,
  inRoundsWhoever,
  type Measurement,
  ratios,
} from "../../harness/measurement.ts";
import { below, type Figure, median, medianOf, percentileOf } from "../../report/figures.ts";
import { openNq } from "../../spoolers/nq.ts";
import { fillSpooler, type Spooler } from "../../spoolers/spooler.ts";
import { openTaskSpooler } from "../../spoolers/task-spooler.ts";

export const add: Measurement = {
  name: "commands/add",
  title: "Add a command: from asking to its acknowledgement",
  limitMs: 400_000,
  run,
};

const sizes = [0, 1_000, 10_000, 100_000] as const;
/** Each waiting command is a process of theirs. */
const sizesOfPeers = [0, 100, 500] as const;
const slice = 20;

async function run(bench: Bench): Promise<readonly Figure[]> {
  const rounds = bench.many(30, 3);
  const queues: Queue[] = [];
  for (const size of sizes) queues.push(await Queue.open(bench, size && bench.many(size, 10)));
  for (let round = 0; round < rounds; round += 1) {
    for (const queue of queues) await queue.round();
  }
  for (const queue of queues) await queue.byCommandLine(bench.many(30, 2));
  for (const queue of queues) await queue.close();
  return [
    ...queues.flatMap((queue) => queue.figures()),
    ...flatness(queues),
    ...queues.map((queue) => queue.commandLine()),
    ...(bench.store === "sqlite" ? await ofPeers(bench) : []),
  ];
}

/** One runtime with so many commands queued. */
class Queue {
  readonly size: number;
  readonly open: number[] = [];
  readonly anew: number[] = [];
  readonly medians: number[] = [];
  readonly #line: number[] = [];
  readonly #runtime: CommandRuntime;

  private constructor(runtime: CommandRuntime, size: number) {
    this.#runtime = runtime;
    this.size = size;
  }

  static async open(bench: Bench, size: number): Promise<Queue> {
    const runtime = await CommandRuntime.start(bench);
    await runtime.park(size);
    const queue = new Queue(runtime, size);
    // a runtime of some age has been asked before
    for (let warm = 0; warm < 3; warm += 1) await queue.round();
    for (const samples of [queue.open, queue.anew, queue.medians]) samples.length = 0;
    return queue;
  }

  get label(): string {
    return `${this.size.toLocaleString("en-GB")} queued`;
  }

  async round(): Promise<void> {
    const open = await this.#slice(false);
    this.open.push(...open);
    this.anew.push(...(await this.#slice(true)));
    this.medians.push(median(open));
  }

  async #slice(anew: boolean): Promise<readonly number[]> {
    const { control, parkedRequest: body } = this.#runtime;
    const answers = [];
    for (let times = 0; times < slice; times += 1) {
      answers.push(await control.ask<Added>({ method: "POST", path: "/commands", body, anew }));
    }
    await control.post("/commands/remove", { ids: answers.map((answer) => answer.body.id) });
    return answers.map(({ ms }) => ms);
  }

  async byCommandLine(count: number): Promise<void> {
    const line = this.#runtime.line("add -g parked -p -- true");
    const taken = await timesOf(line, { count, cwd: this.#runtime.project.folder });
    this.#line.push(...taken.map(tookMs));
  }

  figures(): Figure[] {
    const of = (what: string) => `${this.label}, ${what}`;
    return [
      percentileOf({ what: of("p50"), budget: below(2) }, this.open, 50),
      percentileOf({ what: of("p99"), budget: below(10) }, this.open, 99),
      percentileOf({ what: of("a new connection each, p50"), budget: below(2) }, this.anew, 50),
      percentileOf({ what: of("a new connection each, p99"), budget: below(10) }, this.anew, 99),
    ];
  }

  commandLine(): Figure {
    return percentileOf(
      { what: `${this.label}, \`runtime add\` as a process, p50` },
      this.#line,
      50,
    );
  }

  async close(): Promise<void> {
    await this.#runtime[Symbol.asyncDispose]();
  }
}

/** The most that are queued against none, round by round. */
function flatness(queues: readonly Queue[]): Figure[] {
  const ratio = ratios(queues.at(-1)!.medians, queues[0]!.medians);
  return [medianOf("the most queued / none", "x", ratio, below(1.5))];
}

type Open = (folder: string) => Promise<Spooler>;

const peers: Readonly<Record<string, Open>> = { nq: openNq, "task-spooler": openTaskSpooler };

async function ofPeers(bench: Bench): Promise<readonly Figure[]> {
  const cases = Object.entries(peers).flatMap(([name, open]) =>
    sizesOfPeers.map((size): [string, () => Promise<readonly number[]>] => [
      `${name}, ${size} queued`,
      () => addsTo(open, { folder: bench.folder(), queued: size && bench.many(size, 10) }),
    ]),
  );
  const found = await inRoundsWhoever(bench.many(10, 2), Object.fromEntries(cases));
  return Object.entries(found).flatMap(([what, { rounds, missing }]): Figure[] => {
    if (missing !== null) return [{ what, missing }];
    const samples = rounds.flat();
    return [50, 99].map((percent) =>
      percentileOf({ what: `${what}, p${percent}` }, samples, percent),
    );
  });
}

async function addsTo(
  open: Open,
  { folder, queued }: { readonly folder: string; readonly queued: number },
): Promise<readonly number[]> {
  await using spooler = await open(folder);
  await fillSpooler(
    spooler,
    Array.from({ length: queued }, () => "sh -c true"),
  );
  const { add, cwd, env = {} } = spooler;
  return (await timesOf(`${add} sh -c true`, { count: slice, cwd, env })).map(tookMs);
}
