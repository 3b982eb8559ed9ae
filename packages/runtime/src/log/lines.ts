// Every line the runtime writes: its wording, its level and its fields, in one place.

import type { ProcessEnd } from "@queue-runtime/store";
import { type CommandEvent, isOfCommand, ofCommand } from "./command-lines.ts";
import { duration } from "./duration.ts";
import type { JobRef, RuntimeEvent } from "./events.ts";
import { isOfStore, ofStore, type StoreEvent } from "./store-lines.ts";
import { isOfTask, ofTask, type TaskEvent } from "./task-lines.ts";

export type LineLevel = "debug" | "info" | "warn" | "error";

export interface Line {
  readonly level: LineLevel;
  readonly message: string;
  readonly fields: object;
}

export function lineOf(event: RuntimeEvent): Line {
  const [level, message] = wording(event);
  return { level, message, fields: fieldsOf(event) };
}

/**
 * For programs: what the sentence says, as fields. `pid` is always that of the process that speaks.
 */
function fieldsOf(event: RuntimeEvent): object {
  if ("job" in event) return fieldsOfJob(event);
  const { type, ...rest } = event;
  const fields: Record<string, unknown> = { event: type };
  for (const [key, value] of Object.entries(rest)) {
    if (key !== "message") fields[fieldNames[key] ?? key] = key === "at" ? iso(value) : value;
  }
  return fields;
}

function iso(ms: unknown): string {
  return new Date(ms as number).toISOString();
}

const fieldNames: { readonly [key: string]: string | undefined } = {
  name: "child",
  pid: "child_pid",
  exitCode: "exit_code",
  jobId: "job",
  lateMs: "late_ms",
  timeoutMs: "timeout_ms",
  delayMs: "delay_ms",
  silentMs: "silent_ms",
  thresholdMs: "threshold_ms",
  atMostMs: "at_most_ms",
};

function fieldsOfJob(event: Extract<RuntimeEvent, { job: JobRef }>): object {
  const { id, name, queue, attempts } = event.job;
  const fields = { event: event.type, job: id, name, queue, attempt: attempts };
  if (event.type === "job-failed") return { ...fields, ms: event.ms, error: event.error };
  return "ms" in event ? { ...fields, ms: event.ms } : fields;
}

function wording(event: RuntimeEvent): [LineLevel, string] {
  if (event.type.startsWith("job-")) return ofJob(event as JobEvent);
  if (event.type.startsWith("child-")) return ofChild(event as ChildEvent);
  if (isOfCommand(event)) return ofCommand(event);
  if (isOfStore(event)) return ofStore(event);
  if (isOfTask(event)) return ofTask(event);
  return ofRuntime(event as RestEvent);
}

type JobEvent = Extract<RuntimeEvent, { type: `job-${string}` }>;
type ChildEvent = Extract<RuntimeEvent, { type: `child-${string}` }>;
type ElsewhereEvent = CommandEvent | StoreEvent | TaskEvent;
type RestEvent = Exclude<RuntimeEvent, JobEvent | ChildEvent | ElsewhereEvent>;

function ofJob(event: JobEvent): [LineLevel, string] {
  const job = title(event.job);
  switch (event.type) {
    case "job-started":
      return ["debug", `${job} started (attempt ${event.job.attempts})`];
    case "job-finished":
      return ["info", `${job} finished in ${duration(event.ms)}`];
    case "job-failed":
      return event.retryDelayMs === null
        ? ["error", `${job} failed: ${event.error.name}: ${event.error.message}`]
        : [
            "warn",
            `${job} failed, next attempt in ${duration(event.retryDelayMs)}: ${event.error.name}: ${event.error.message}`,
          ];
    case "job-interrupted":
      return ["info", `${job} interrupted after ${event.done} items: ${event.reason}`];
    case "job-cancelled":
      return ["info", `${job} cancelled after ${duration(event.ms)}`];
    case "job-progress":
      return ["info", `${job} ${progressBar(event.done, event.total)}`];
    case "job-gated":
      return ["debug", `${job} was enqueued by name alone: it gets ${event.keys.join(", ")}`];
    case "job-refused":
      return ["warn", `${job} is held by somebody else by now; this run is stopped`];
    default:
      return impossible(event);
  }
}

function ofChild(event: ChildEvent): [LineLevel, string] {
  switch (event.type) {
    case "child-started":
      return ["info", `${event.name} started as pid ${event.pid}: ${event.what}`];
    case "child-ready":
      return ["debug", `${event.name} ready after ${duration(event.ms)}`];
    case "child-exited":
      return event.expected
        ? ["debug", `${event.name} ended (pid ${event.pid})`]
        : ["error", `${event.name} (pid ${event.pid}) ${ending(event.end)}`];
    case "child-replaced":
      return [
        "info",
        `${event.name} is replaced${event.delayMs > 0 ? ` in ${duration(event.delayMs)}` : ""}`,
      ];
    case "child-slow":
      return [
        "warn",
        `${event.name} (pid ${event.pid}) did not get ready within ${duration(event.ms)}`,
      ];
    case "child-failed":
      return ["error", `${event.name} (pid ${event.pid}) cannot start: ${event.message}`];
    case "child-busy":
      return event.busy
        ? [
            "warn",
            `${event.name} (pid ${event.pid}): its main loop is blocked; its watchdog answers`,
          ]
        : ["info", `${event.name} (pid ${event.pid}): its main loop turns again`];
    case "child-killed":
      return ["warn", `${event.name} (pid ${event.pid}) is killed: ${event.why}`];
    default:
      return impossible(event);
  }
}

function ofRuntime(event: RestEvent): [LineLevel, string] {
  switch (event.type) {
    case "runtime-starting":
      return ["info", `starting with ${event.file} on ${event.store}`];
    case "runtime-migrated":
      return ["info", `store migrated from version ${event.from} to ${event.to}`];
    case "runtime-ready":
      return [
        "info",
        `ready: ${event.children} processes in ${duration(event.ms)}; stop with Ctrl-C`,
      ];
    case "runtime-stopping":
      return ["info", `stopping (${event.cause}); at most ${duration(event.timeoutMs)}`];
    case "runtime-stopped":
      return ["info", `stopped after ${duration(event.ms)}, exit code ${event.exitCode}`];
    case "runtime-hastened":
      return ["warn", `${event.signal} again: on to ${event.phase}`];
    case "runtime-quiet":
      return ["info", event.on ? "quiet: nothing is claimed any more" : "no longer quiet"];
    case "runtime-reloading":
      return ["info", "reloading"];
    case "runtime-reloaded":
      return ["info", `reloaded: ${event.children} new processes`];
    case "reload-refused":
      return ["error", `reload refused, nothing changed: ${event.message}`];
    case "settings-slow":
      return ["info", "limits and queues are being set for the jobs that wait; workers come after"];
    case "hook-failed":
      return ["error", `hook ${event.hook}: ${event.message}`];
    default:
      return isAdvice(event) ? ofAdvice(event) : ofWork(event);
  }
}

type Advice = Extract<
  RestEvent,
  { type: "queue-in-vain" | "name-unknown" | "config-doubtful" | "pid-1" }
>;

const adviceTypes: readonly string[] = [
  "queue-in-vain",
  "name-unknown",
  "config-doubtful",
  "pid-1",
];

function isAdvice(event: RestEvent): event is Advice {
  return adviceTypes.includes(event.type);
}

/** Nothing is wrong yet. */
function ofAdvice(event: Advice): [LineLevel, string] {
  switch (event.type) {
    case "queue-in-vain":
      return [
        "warn",
        `${event.ready} ready jobs in queue ${event.queue} have no taker` +
          (event.paused ? ": it is paused" : "; see `runtime status`"),
      ];
    case "name-unknown":
      return [
        "warn",
        `no worker has code for ${event.name}: ready jobs of that name wait, ${event.ready} so far`,
      ];
    case "config-doubtful":
      return ["warn", event.message];
    case "pid-1":
      return [
        "warn",
        "running as PID 1, where nobody reaps the orphans of jobs; use an init such as tini",
      ];
    default:
      return impossible(event);
  }
}

type WorkEvent = Extract<
  RestEvent,
  {
    type:
      | `worker-${string}`
      | `jobs-${string}`
      | `slots-${string}`
      | `thread-${string}`
      | "write-refused"
      | "process-pruned"
      | "orphan-left";
  }
>;

function ofWork(event: WorkEvent): [LineLevel, string] {
  switch (event.type) {
    case "jobs-recovered":
      return [
        event.ready + event.failed + event.cancelled > 0 ? "warn" : "debug",
        `jobs of ${event.name}: ${event.ready} ready again, ${event.failed} failed, ${event.cancelled} cancelled, in ${duration(event.ms)}`,
      ];
    case "process-pruned":
      return [
        "warn",
        `${event.name} (pid ${event.pid} on ${event.host}) was silent for ${duration(event.silentMs)}: removed, ${event.jobs} jobs recovered`,
      ];
    case "orphan-left":
      return [
        "warn",
        `${event.name} (pid ${event.pid}) of an earlier runtime still runs: its jobs are left to it until it stops`,
      ];
    case "worker-stopping":
      return ["info", `stopping (${event.cause}): ${event.running} running`];
    case "worker-evicted":
      return ["error", "this process is no longer registered: stopping"];
    case "worker-released":
      return ["info", `${event.jobs} unfinished jobs handed back`];
    case "write-refused":
      return ["warn", `job #${event.id}: a late write of its run ${event.fence} was refused`];
    case "thread-lost":
      return ["error", `thread ${event.thread}: ${event.message}`];
    case "jobs-dispatched":
      return ["debug", `${event.moved} due jobs made ready`];
    case "slots-maintained":
      return ["info", `${event.freed} slots of the gone freed, ${event.promoted} jobs made ready`];
    case "slots-refilled":
      return ["debug", `${event.promoted} jobs made ready by the rate of their keys`];
    case "jobs-cleared":
      return ["debug", `${event.deleted} old jobs deleted`];
    default:
      return impossible(event);
  }
}

function title(job: JobRef): string {
  return `${job.name} #${job.id}`;
}

function ending(end: ProcessEnd): string {
  if (end.how !== "exit") return `did not answer for ${duration(end.silentMs)}`;
  return end.signal ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
}

function progressBar(done: number, total: number | null): string {
  if (!total) return `${done} items`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * 20);
  const bar = "█".repeat(filled) + "░".repeat(20 - filled);
  return `${bar} ${String(Math.floor(share * 100)).padStart(3)}% ${done}/${total}`;
}

function impossible(event: never): never {
  throw new Error(`no line for ${JSON.stringify(event)}`);
}
