// Batches: jobs that belong together.

import { queueOn } from "@queue-runtime/job";
import type { Batch, Store } from "@queue-runtime/store";
import { Problem } from "../../problem.ts";
import { batchRow } from "../../rows.ts";
import type { Backing } from "../../target.ts";
import { asRequest } from "../as-request.ts";
import { batchShape } from "../job-shapes.ts";
import { type Route, route } from "../route.ts";
import { anything, listOf, object, oneOf, optional, text } from "../schema.ts";
import { id, limit } from "../shapes.ts";

const state = oneOf("open", "sealed", "succeeded", "failed");

export function batchRoutes({ target }: Backing): readonly Route[] {
  const { store } = target;
  return [
    route({
      method: "GET",
      path: "/batches",
      summary: "Batches, newest first; 50 unless limit says otherwise",
      query: { state: optional(listOf(state, 4)), limit: optional(limit) },
      answers: { 200: listOf(batchShape, 1_000) },
      async handle({ query: { state, limit } }) {
        const filter = {
          ...(state !== undefined && { states: state }),
          ...(limit !== undefined && { limit }),
        };
        return (await store.batches.list(filter)).map(batchRow);
      },
    }),
    route({
      method: "POST",
      path: "/batches",
      summary: "Open a batch; jobs are added by its id until it is sealed",
      body: object({
        description: optional(text({ most: 10_000 })),
        metadata: optional(anything),
      }),
      answers: { 200: object({ id, state }) },
      async handle({ body }) {
        const { id } = await asRequest(() => queueOn(store).batch(body));
        return { id, state: "open" };
      },
    }),
    route({
      method: "GET",
      path: "/batches/{id}",
      summary: "How far the jobs of a batch have come",
      answers: { 200: batchShape },
      handle: async ({ id }) => batchRow(await find(store, id)),
    }),
    sealRoute(store),
  ];
}

function sealRoute(store: Store): Route {
  return route({
    method: "POST",
    path: "/batches/{id}/seal",
    summary: "Nothing is added from outside any more",
    answers: { 200: object({ id, state }) },
    async handle({ id }) {
      await find(store, id);
      await store.batches.seal(id);
      return { id, state: (await find(store, id)).state };
    },
  });
}

/** @throws Problem 404 */
async function find(store: Store, id: number): Promise<Batch> {
  const found = await store.batches.find(id);
  if (found === null) throw new Problem(404, `there is no batch ${id}`);
  return found;
}
