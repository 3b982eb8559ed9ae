// Commands as data: adding, finding, holding back, letting go, running again, removing.

import type { CommandQuery } from "@queue-runtime/store";
import { Problem } from "../../problem.ts";
import type { Backing } from "../../target.ts";
import {
  added,
  addRequest,
  changes,
  commandShape,
  condition,
  selectionFields,
  selectionOf,
} from "../command-shapes.ts";
import { type Route, route } from "../route.ts";
import { asJson, flag, listOf, mapOf, named, object, oneOf, optional, text } from "../schema.ts";
import { action, actions, delayMs, id, ids, limit, name, state, time } from "../shapes.ts";

const later = { delay_ms: optional(delayMs), at: optional(time) };
const selectionLater = named("SelectionLater", object({ ...selectionFields, ...later }));
const fields = ["id", "state", "priority", "command", "label", "directory"] as const;

const query = {
  id: optional(listOf(id, 1_000)),
  group: optional(listOf(name, 1_000)),
  state: optional(listOf(state, 9)),
  paused: optional(flag),
  where: optional(asJson(listOf(condition, 100))),
  order_by: optional(oneOf(...fields, "enqueueAt", "start", "end")),
  descending: optional(flag),
  limit: optional(limit),
  last: optional(limit),
  beyond: optional(id),
};

const restarted = object({ id, outcome: text(), error: optional(text()), new_id: optional(id) });

export function commandRoutes({ desk }: Backing): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/commands",
      summary: "Add a command",
      body: addRequest,
      answers: { 200: added },
      handle: async ({ body }) => (await desk().add([body]))[0],
    }),
    route({
      method: "POST",
      path: "/commands/many",
      summary: "Add several commands, all or none",
      body: object({ commands: listOf(addRequest, 10_000) }),
      answers: { 200: listOf(added, 10_000) },
      handle: ({ body }) => desk().add(body.commands),
    }),
    route({
      method: "GET",
      path: "/commands",
      summary: "List commands, by id unless told otherwise; at most 1,000",
      query,
      answers: { 200: listOf(commandShape, 1_000) },
      handle: ({ query: asked }) => desk().list(queryOf(asked)),
    }),
    route({
      method: "GET",
      path: "/commands/{id}",
      summary: "One command",
      answers: { 200: commandShape },
      async handle({ id }) {
        const found = await desk().find(id);
        if (found === null) throw new Problem(404, `there is no command ${id}`);
        return found;
      },
    }),
    ...waitingRoutes({ desk }),
    ...endedRoutes({ desk }),
  ];
}

interface Asked {
  readonly id?: CommandQuery["ids"];
  readonly group?: CommandQuery["groups"];
  readonly state?: CommandQuery["states"];
  readonly paused?: boolean;
  readonly where?: CommandQuery["where"];
  readonly order_by?: NonNullable<CommandQuery["orderBy"]>["field"];
  readonly descending?: boolean;
  readonly limit?: number;
  readonly last?: number;
  readonly beyond?: number;
}

function queryOf(asked: Asked): CommandQuery {
  const { id, group, state, paused, where, order_by: field, limit: first, last, beyond } = asked;
  if (first !== undefined && last !== undefined) throw new Problem(400, "give limit or last");
  if (beyond !== undefined && field !== undefined && field !== "id") {
    throw new Problem(400, "pages go by id: give beyond or order_by, not both");
  }
  const descending = asked.descending === true;
  return {
    ...(id !== undefined && { ids: id }),
    ...(group !== undefined && { groups: group }),
    ...(state !== undefined && { states: state }),
    ...(paused !== undefined && { paused }),
    ...(where !== undefined && { where }),
    ...((field !== undefined || descending) && { orderBy: { field: field ?? "id", descending } }),
    ...(beyond !== undefined && { beyond }),
    ...(last === undefined ? { first: first ?? 1_000 } : { last }),
  };
}

function waitingRoutes({ desk }: Pick<Backing, "desk">): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/commands/stash",
      summary: "Keep commands that have not begun until a person lets them go, or a time comes",
      body: selectionLater,
      answers: { 200: actions },
      handle: ({ body: { delay_ms, at, ...selection } }) =>
        desk().stash(selectionOf(selection), laterOf({ delay_ms, at })),
    }),
    route({
      method: "POST",
      path: "/commands/enqueue",
      summary: "Let stashed commands go, at once or at a time",
      body: selectionLater,
      answers: { 200: actions },
      handle: ({ body: { delay_ms, at, ...selection } }) =>
        desk().enqueue(selectionOf(selection), laterOf({ delay_ms, at })),
    }),
    route({
      method: "POST",
      path: "/commands/swap",
      summary: "Let two commands that have not begun change places",
      body: object({ one: id, other: id }),
      answers: { 200: actions },
      handle: ({ body }) => desk().swap(body.one, body.other),
    }),
    route({
      method: "POST",
      path: "/commands/remove",
      summary: "Delete commands that do not run, and their output",
      body: object({ ids }),
      answers: { 200: actions },
      handle: ({ body }) => desk().remove(body.ids),
    }),
  ];
}

function laterOf(later: {
  readonly delay_ms?: number | undefined;
  readonly at?: string | undefined;
}): { readonly delay_ms?: number; readonly at?: string } {
  const { delay_ms, at } = later;
  return { ...(delay_ms !== undefined && { delay_ms }), ...(at !== undefined && { at }) };
}

const restartRequest = object({
  ids: optional(ids),
  failed_in_group: optional(name),
  all_failed: optional(flag),
  in_place: optional(flag),
  stashed: optional(flag),
  immediate: optional(flag),
  changes: optional(mapOf(changes)),
});

function endedRoutes({ desk }: Pick<Backing, "desk">): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/commands/restart",
      summary: "Run ended commands again, in place or as new ones",
      body: named("Restart", restartRequest),
      answers: { 200: listOf(named("Restarted", restarted), 100_000) },
      handle: ({ body }) => desk().restart(body),
    }),
    route({
      method: "POST",
      path: "/commands/clean",
      summary: "Delete ended commands that nobody waits for, and their output",
      body: object({ group: optional(name), successful_only: optional(flag) }),
      answers: { 200: actions },
      handle: ({ body }) => desk().clean(body),
    }),
    route({
      method: "POST",
      path: "/commands/reset",
      summary: "End and delete everything of some groups, or of all; answers when that is done",
      body: object({ groups: optional(listOf(name, 1_000)) }),
      answers: { 200: listOf(action, 100_000) },
      handle: ({ body }) => desk().reset(body),
    }),
  ];
}
