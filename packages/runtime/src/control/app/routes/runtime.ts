// The runtime as a whole: probes, what it is, and the words it obeys.

import { shownStore } from "../../../config/shown-store.ts";
import { Problem } from "../../problem.ts";
import { isoTime } from "../../rows/iso-time.ts";
import { type ProcessRow, processRow, type StoredRows, storedRows, withLive } from "../../rows.ts";
import type { Backing, ControlTarget, LiveStatus } from "../../target.ts";
import { processShape, queueShape } from "../job-shapes.ts";
import { Reply, type Route, route } from "../route.ts";
import { anything, flag, listOf, mapOf, named, object, oneOf, optional, text } from "../schema.ts";
import { count, time } from "../shapes.ts";

const ready = object({ ready: flag });
const stopped = object({ stopped: flag });

const statusShape = named(
  "Status",
  object({
    running: flag,
    pid: count,
    host: text(),
    /** Without a password. */
    store: text(),
    started_at: time,
    state: oneOf("starting", "running", "quiet", "stopping"),
    jobs: optional(mapOf(count)),
    queues: optional(listOf(queueShape, 100_000)),
    /** With `live` only what is known without the store. */
    processes: listOf(anything, 100_000),
    unknown_names: optional(listOf(object({ name: text(), ready: count }), 100_000)),
  }),
);

export function runtimeRoutes({ target }: Backing): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/livez",
      summary: "It answers, so it lives",
      answers: { 200: object({ alive: flag }) },
      handle: () => ({ alive: true }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      summary: "All its processes are ready, and no stop has begun",
      answers: { 200: ready, 503: ready },
      handle() {
        const isReady = target.isReady();
        return new Reply(isReady ? 200 : 503, { ready: isReady });
      },
    }),
    route({
      method: "GET",
      path: "/status",
      summary: "What it is and does; live: only what is known without the store",
      query: { live: optional(flag) },
      answers: { 200: statusShape },
      handle: ({ query: { live } }) => (live ? liveStatus(target) : status(target)),
    }),
    route({
      method: "GET",
      path: "/processes",
      summary: "Every registered process, of this host and of others",
      answers: { 200: listOf(processShape, 100_000) },
      handle: () => processes(target),
    }),
    ...wordRoutes(target),
  ];
}

function wordRoutes(target: ControlTarget): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/stop",
      summary: "As TERM; answers when it is about to end, unless wait is false",
      body: object({ wait: optional(flag) }),
      answers: { 200: stopped, 202: stopped },
      async handle({ body: { wait = true } }) {
        const stopped = target.stop();
        if (wait) {
          await stopped;
          return { stopped: true };
        }
        // Nobody waits for it any more, and the supervisor reports its own trouble.
        stopped.catch(() => undefined);
        return new Reply(202, { stopped: false });
      },
    }),
    route({
      method: "POST",
      path: "/quiet",
      summary: "Claim nothing any more, or claim again",
      body: object({ on: optional(flag) }),
      answers: { 200: object({ quiet: flag }) },
      handle({ body: { on = true } }) {
        target.quiet(on);
        return { quiet: on };
      },
    }),
    route({
      method: "POST",
      path: "/reload",
      summary: "As HUP; answers when the new processes are ready",
      answers: { 200: object({ reloaded: flag }) },
      async handle() {
        await target.reload().catch((error: unknown) => {
          throw new Problem(409, error instanceof Error ? error.message : String(error));
        });
        return { reloaded: true };
      },
    }),
  ];
}

function liveStatus(target: ControlTarget): LiveStatus {
  const { pid, host, startedAt, state, processes } = target.describe();
  return {
    running: true,
    pid,
    host,
    store: shownStore(target.config.store),
    started_at: isoTime(startedAt),
    state,
    processes: processes.map(({ id, pid, state, rssBytes }) => {
      return { id, pid, state, rss_bytes: rssBytes };
    }),
  };
}

async function status(target: ControlTarget): Promise<LiveStatus & StoredRows> {
  const stored = await storedRows(target.store);
  const live = liveStatus(target);
  return { ...live, ...stored, processes: withLive(stored.processes, live.processes) };
}

export async function processes(target: ControlTarget): Promise<readonly ProcessRow[]> {
  const stored = (await target.store.processes.list()).map(processRow);
  return withLive(stored, liveStatus(target).processes);
}
