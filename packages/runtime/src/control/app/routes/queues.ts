// Queues, and the limits of concurrency keys.

import { whyNoBurst } from "@queue-runtime/store";
import { Problem } from "../../problem.ts";
import { queueRow } from "../../rows.ts";
import type { Backing } from "../../target.ts";
import { queueShape, settings } from "../job-shapes.ts";
import { type Route, route } from "../route.ts";
import { flag, integer, listOf, nullable, object, optional, type ValueOf } from "../schema.ts";
import { count, name, paused } from "../shapes.ts";

export function queueRoutes({ target }: Backing): readonly Route[] {
  const { queues } = target.store;
  return [
    route({
      method: "GET",
      path: "/queues",
      summary: "Every queue that has work, settings or a pause",
      answers: { 200: listOf(queueShape, 100_000) },
      handle: async () => (await queues.list()).map(queueRow),
    }),
    route({
      method: "POST",
      path: "/queues/{name}/pause",
      summary: "No job of the queue is claimed any more; what runs goes on",
      answers: { 200: paused },
      async handle({ name }) {
        await queues.pause(name);
        return { name, paused: true };
      },
    }),
    route({
      method: "POST",
      path: "/queues/{name}/resume",
      summary: "Jobs of the queue are claimed again",
      answers: { 200: paused },
      async handle({ name }) {
        await queues.resume(name);
        target.commands?.look();
        return { name, paused: false };
      },
    }),
    route({
      method: "POST",
      path: "/queues/{name}/clear",
      summary: "Delete the ready jobs of the queue, or all that do not run",
      body: object({ all: optional(flag) }),
      answers: { 200: object({ name, cleared: count }) },
      async handle({ name, body: { all = false } }) {
        return { name, cleared: await queues.clear(name, { all }) };
      },
    }),
    ...settingRoutes({ target }),
    ...limitRoutes({ target }),
  ];
}

function settingRoutes({ target }: Pick<Backing, "target">): readonly Route[] {
  const { queues } = target.store;
  return [
    route({
      method: "POST",
      path: "/queues/{name}/settings",
      summary: "Slots, rate and fairness of the queue over all hosts; null: nothing special",
      body: object({ settings: nullable(settings) }),
      answers: { 200: object({ name, settings: nullable(settings) }) },
      async handle({ name, body }) {
        await queues.set(name, settingsOf(body.settings));
        return { name, settings: body.settings };
      },
    }),
  ];
}

function settingsOf(asked: ValueOf<typeof settings> | null) {
  if (asked === null) return null;
  const { slots, rate, fair } = asked;
  if (rate === null) return { slots, rate, fair };
  const wrong = whyNoBurst(rate);
  if (wrong !== null) throw new Problem(400, `"settings.rate.burst" ${wrong}`);
  return { slots, rate: { limit: rate.limit, perMs: rate.per_ms, burst: rate.burst }, fair };
}

function limitRoutes({ target }: Pick<Backing, "target">): readonly Route[] {
  const { flow } = target.store;
  const limit = integer(1, 100_000);
  return [
    route({
      method: "GET",
      path: "/concurrency",
      summary: "Limits of concurrency keys that hold whatever the code of the jobs says",
      answers: { 200: listOf(object({ name, limit }), 100_000) },
      async handle() {
        const limits = Object.entries(await flow.limits());
        return limits
          .map(([name, limit]) => ({ name, limit }))
          .sort((a, b) => (a.name < b.name ? -1 : 1));
      },
    }),
    route({
      method: "POST",
      path: "/concurrency/{name}",
      summary: "How many jobs of a name a key may have at once; null: as its code says",
      body: object({ limit: nullable(limit) }),
      answers: { 200: object({ name, limit: nullable(limit) }) },
      async handle({ name, body }) {
        await flow.limit(name, body.limit);
        return { name, limit: body.limit };
      },
    }),
  ];
}
