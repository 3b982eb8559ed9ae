// How many commands this runtime has started and how they ended, counted since it began.

import type { LiveCommands, LiveEvent } from "../live-commands.ts";
import type { Metric, Sample } from "./exposition.ts";

/** Upper bounds, in seconds. */
const buckets = [0.01, 0.1, 1, 10, 60, 600, 3_600, 36_000] as const;

interface Durations {
  readonly counts: number[];
  sum: number;
  count: number;
}

export class CommandFigures {
  readonly #starts = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #durations = new Map<string, Durations>();
  readonly #stop: (() => void) | undefined;

  constructor(live: LiveCommands | null) {
    this.#stop = live?.subscribe((event) => this.#hear(event));
  }

  close(): void {
    this.#stop?.();
  }

  metrics(): readonly Metric[] {
    const starts = [...this.#starts].map(([group, value]) => ({ labels: { group }, value }));
    const ends = [...this.#ends].map(([key, value]) => {
      const [group, result, ended_by] = JSON.parse(key) as [string, string, string];
      return { labels: { group, result, ended_by }, value };
    });
    return [
      {
        name: "queue_runtime_command_starts_total",
        type: "counter",
        help: "Runs of commands that this runtime has begun.",
        samples: starts,
      },
      {
        name: "queue_runtime_command_ends_total",
        type: "counter",
        help: "Runs of commands that have ended, by result and by who ended them.",
        samples: ends,
      },
      {
        name: "queue_runtime_command_duration_seconds",
        type: "histogram",
        help: "How long runs of commands took.",
        samples: [...this.#durations].flatMap(([group, all]) => histogram(group, all)),
      },
    ];
  }

  #hear(event: LiveEvent): void {
    const { group } = event.command;
    if (event.type === "started") add(this.#starts, group);
    if (event.type !== "ended") return;
    const { outcome, end, ms } = event;
    add(this.#ends, JSON.stringify([group, outcome, end?.endedBy ?? "lost"]));
    const all = this.#durations.get(group) ?? { counts: buckets.map(() => 0), sum: 0, count: 0 };
    this.#durations.set(group, all);
    for (const [at, most] of buckets.entries()) if (ms <= most * 1_000) all.counts[at]!++;
    all.sum += ms / 1_000;
    all.count++;
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function histogram(group: string, { counts, sum, count }: Durations): readonly Sample[] {
  const within = buckets.map((le, at) => {
    return { suffix: "_bucket", labels: { group, le }, value: counts[at]! };
  });
  return [
    ...within,
    { suffix: "_bucket", labels: { group, le: "+Inf" }, value: count },
    { suffix: "_sum", labels: { group }, value: sum },
    { suffix: "_count", labels: { group }, value: count },
  ];
}
