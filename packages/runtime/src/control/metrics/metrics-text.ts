// Every figure of a runtime at this moment: of the store it shares, and of itself.

import type { CommandGroup, Queue } from "@queue-runtime/store";
import type { LiveCommand } from "../live-commands.ts";
import type { ControlTarget } from "../target.ts";
import type { CommandFigures } from "./command-figures.ts";
import { exposition, type Metric, type Sample } from "./exposition.ts";

export async function metricsText(target: ControlTarget, figures: CommandFigures): Promise<string> {
  const { store, commands } = target;
  const counts = Object.entries(await store.jobs.count());
  const running = [...(commands?.running().values() ?? [])];
  return exposition([
    gauge(
      "queue_runtime_jobs",
      "Jobs in the store, by state.",
      counts.map(([state, value]) => ({ labels: { state }, value })),
    ),
    ...queueMetrics(await store.queues.list()),
    ...groupMetrics(await store.commands.groups(), running),
    ...figures.metrics(),
    ...processMetrics(target),
    ...ownMetrics(target),
  ]);
}

function queueMetrics(queues: readonly Queue[]): readonly Metric[] {
  const states = ["waiting", "ready", "blocked", "running"] as const;
  return [
    gauge(
      "queue_runtime_queue_jobs",
      "Jobs of a queue that have not ended, by what they do; waiting: for a time, a job, a person.",
      queues.flatMap((queue) =>
        states.map((state) => ({ labels: { queue: queue.name, state }, value: queue[state] })),
      ),
    ),
    gauge(
      "queue_runtime_queue_latency_seconds",
      "How long the oldest ready job of a queue has been due.",
      queues.map(({ name, latencyMs }) => ({ labels: { queue: name }, value: latencyMs / 1_000 })),
    ),
    gauge(
      "queue_runtime_queue_paused",
      "1 where nothing of the queue is claimed.",
      queues.map(({ name, paused }) => ({ labels: { queue: name }, value: Number(paused) })),
    ),
  ];
}

function groupMetrics(
  groups: readonly CommandGroup[],
  running: readonly LiveCommand[],
): readonly Metric[] {
  const taken = (name: string) =>
    running.filter(({ group }) => group === name).reduce((sum, { slots }) => sum + slots, 0);
  return [
    gauge(
      "queue_runtime_commands",
      "Commands in the store, by group and state.",
      groups.flatMap(({ name, jobs }) =>
        Object.entries(jobs).map(([state, value]) => ({ labels: { group: name, state }, value })),
      ),
    ),
    gauge(
      "queue_runtime_group_slots",
      "Slots of a group; 0 is no limit.",
      groups.map(({ name, slots }) => ({ labels: { group: name }, value: slots })),
    ),
    gauge(
      "queue_runtime_group_slots_taken",
      "Slots of a group that commands of this runtime have.",
      groups.map(({ name }) => ({ labels: { group: name }, value: taken(name) })),
    ),
  ];
}

function processMetrics(target: ControlTarget): readonly Metric[] {
  const { processes } = target.describe();
  const byState = new Map<string, number>();
  for (const { state } of processes) byState.set(state, (byState.get(state) ?? 0) + 1);
  return [
    gauge(
      "queue_runtime_processes",
      "Processes of this runtime, by state.",
      [...byState].map(([state, value]) => ({ labels: { state }, value })),
    ),
    gauge(
      "queue_runtime_process_resident_memory_bytes",
      "Memory of each process of this runtime.",
      processes.flatMap(({ id, pid, rssBytes }) =>
        rssBytes === null ? [] : [{ labels: { id, pid }, value: rssBytes }],
      ),
    ),
    gauge("queue_runtime_ready", "1 when all processes are ready and no stop has begun.", [
      { value: Number(target.isReady()) },
    ]),
  ];
}

function ownMetrics(target: ControlTarget): readonly Metric[] {
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  const started = target.describe().startedAt / 1_000;
  const one = (name: string, help: string, value: number) => gauge(name, help, [{ value }]);
  return [
    one("nodejs_heap_size_used_bytes", "Heap of the supervisor that is in use.", heapUsed),
    one("nodejs_heap_size_total_bytes", "Heap of the supervisor.", heapTotal),
    one("process_resident_memory_bytes", "Memory of the supervisor.", rss),
    one("process_start_time_seconds", "When the runtime began, in seconds since 1970.", started),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: "gauge", help, samples };
}
