// Jobs of any kind.

import { type EnqueueOptions, jobRef, queueOn } from "@queue-runtime/job";
import type { Actions } from "@queue-runtime/store";
import { momentOf } from "../../desk/local/add.ts";
import { Problem } from "../../problem.ts";
import { withCommand } from "../../rows/command-facts.ts";
import { reasonRow } from "../../rows/reason-row.ts";
import { jobDetailsRow, jobRow } from "../../rows.ts";
import type { Backing } from "../../target.ts";
import { asRequest } from "../as-request.ts";
import { jobDetailsShape, jobShape } from "../job-shapes.ts";
import { type Route, route } from "../route.ts";
import {
  anything,
  flag,
  listOf,
  named,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
} from "../schema.ts";
import {
  actions,
  delayMs,
  enqueued,
  id,
  ids,
  limit,
  name,
  priority,
  state,
  time,
} from "../shapes.ts";

const newJob = named(
  "NewJob",
  object({
    name,
    input: optional(anything),
    queue: optional(name),
    priority: optional(priority),
    delay_ms: optional(delayMs),
    at: optional(time),
    label: optional(text({ most: 10_000 })),
    unique: optional(text({ least: 1, most: 200 })),
    idempotency_key: optional(text({ least: 1, most: 200 })),
    after: optional(listOf(id, 1_000)),
    if_dependency_fails: optional(oneOf("fail", "run")),
    batch: optional(id),
  }),
);

const filter = {
  state: optional(listOf(state, 9)),
  queue: optional(name),
  name: optional(name),
  batch: optional(id),
  beyond: optional(id),
  limit: optional(limit),
};

export function jobRoutes({ target }: Backing): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/jobs",
      summary: "List jobs, oldest first; 50 unless limit says otherwise",
      query: filter,
      answers: { 200: listOf(jobShape, 1_000) },
      async handle({ query: { state, batch, ...rest } }) {
        const asked = {
          ...rest,
          ...(state !== undefined && { states: state }),
          ...(batch !== undefined && { batchId: batch }),
        };
        return (await target.store.jobs.list(asked)).map(jobRow);
      },
    }),
    route({
      method: "POST",
      path: "/jobs",
      summary: "Enqueue a job by name; its code is known to the workers alone",
      body: newJob,
      answers: { 200: enqueued },
      handle: ({ body }) =>
        asRequest(() => {
          const job = jobRef(body.name);
          return queueOn(target.store).enqueue(job, body.input, optionsOf(body));
        }),
    }),
    ...actionRoutes({ target }),
    ...oneRoutes({ target }),
  ];
}

function oneRoutes({ target }: Pick<Backing, "target">): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/jobs/{id}",
      summary: "Everything about one job, with the error of every attempt",
      answers: { 200: jobDetailsShape },
      async handle({ id }) {
        const found = await target.store.jobs.find(id);
        if (found === null) throw new Problem(404, `there is no job ${id}`);
        const folder = target.config.commands?.output ?? null;
        const command = await withCommand(target.store, found, folder);
        return { ...jobDetailsRow(found), ...command };
      },
    }),
    route({
      method: "GET",
      path: "/jobs/{id}/why",
      summary: "Everything that keeps a job from running",
      answers: { 200: object({ id, reasons: listOf(anything, 1_000) }) },
      async handle({ id }) {
        const reasons = await target.store.flow.why(id);
        if (reasons === null) throw new Problem(404, `there is no job ${id}`);
        return { id, reasons: reasons.map(reasonRow) };
      },
    }),
  ];
}

function actionRoutes({ target }: Pick<Backing, "target">): readonly Route[] {
  const deed = (deed: string, act: (ids: readonly number[]) => Promise<Actions>, summary: string) =>
    route({
      method: "POST",
      path: `/jobs/${deed}`,
      summary,
      body: object({ ids }),
      answers: { 200: actions },
      handle: ({ body }) => act(body.ids),
    });
  const { store } = target;
  return [
    route({
      method: "POST",
      path: "/jobs/retry",
      summary: "Run failed or cancelled jobs again from where they stood",
      body: object({ ids, from_start: optional(flag) }),
      answers: { 200: actions },
      handle: ({ body: { ids, from_start: fromStart = false } }) =>
        store.jobs.retry(ids, { fromStart }),
    }),
    deed("cancel", (ids) => store.jobs.cancel(ids), "Cancel jobs; a running one is asked to stop"),
    deed("discard", (ids) => store.jobs.discard(ids), "Delete jobs; a running one is refused"),
  ];
}

function optionsOf(body: ValueOf<typeof newJob>): EnqueueOptions {
  const { queue, priority, label, unique, after, batch, at, delay_ms: delay } = body;
  const { idempotency_key: idempotencyKey, if_dependency_fails: ifDependencyFails } = body;
  return {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(label !== undefined && { label }),
    ...(unique !== undefined && { unique }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(after !== undefined && { after }),
    ...(ifDependencyFails !== undefined && { ifDependencyFails }),
    ...(batch !== undefined && { batch }),
    ...(delay !== undefined && { delay }),
    ...(at !== undefined && { at: momentOf(at) }),
  };
}
