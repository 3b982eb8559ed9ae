// What editors need: locks that end by themselves, and changes.

import type { Backing } from "../../target.ts";
import { changes, editable } from "../command-shapes.ts";
import { type Route, route } from "../route.ts";
import { listOf, mapOf, nullable, object, optional, text } from "../schema.ts";
import { action, actions, id, ids } from "../shapes.ts";

const owner = text({ least: 1, most: 200 });
const locked = object({
  id,
  outcome: text(),
  error: optional(text()),
  editable: optional(editable),
});

export function editRoutes({ desk }: Backing): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/commands/lock",
      summary: "Lock commands that have not begun for 30 s, or for 30 s more",
      body: object({ ids, owner }),
      answers: { 200: listOf(locked, 100_000) },
      handle: ({ body }) => desk().lock(body.ids, body.owner),
    }),
    route({
      method: "POST",
      path: "/commands/unlock",
      summary: "Open one's locks, with changes or without",
      body: object({ ids, owner, changes: optional(mapOf(changes)) }),
      answers: { 200: actions },
      handle: ({ body: { ids, ...options } }) => desk().unlock(ids, options),
    }),
    route({
      method: "POST",
      path: "/commands/{id}/variables",
      summary: "Set a variable of the environment of a command that has not begun; null: unset it",
      body: object({ name: text({ least: 1, most: 10_000 }), value: nullable(text()) }),
      answers: { 200: action },
      handle: ({ id, body: { name, value } }) => desk().setVariable(id, name, value),
    }),
  ];
}
