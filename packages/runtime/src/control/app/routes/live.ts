// Commands as processes: what takes effect before it is answered.

import type { Backing } from "../../target.ts";
import { selectionFields, selectionOf } from "../command-shapes.ts";
import { type Route, route } from "../route.ts";
import { flag, named, object, optional, text } from "../schema.ts";
import { action, actions } from "../shapes.ts";

const selection = named("Selection", object(selectionFields));

export function liveRoutes({ desk }: Backing): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/commands/kill",
      summary: "End commands, or send them a signal",
      body: object({ ...selectionFields, signal: optional(text({ least: 1, most: 20 })) }),
      answers: { 200: actions },
      handle: ({ body: { signal, ...rest } }) =>
        desk().kill(selectionOf(rest), { ...(signal !== undefined && { signal }) }),
    }),
    route({
      method: "POST",
      path: "/commands/pause",
      summary: "Stop commands; of a group or all: nothing begins there any more",
      body: object({ ...selectionFields, wait: optional(flag) }),
      answers: { 200: actions },
      handle: ({ body: { wait, ...rest } }) =>
        desk().pause(selectionOf(rest), { ...(wait !== undefined && { wait }) }),
    }),
    route({
      method: "POST",
      path: "/commands/resume",
      summary: "Let stopped commands, or paused groups, go on",
      body: selection,
      answers: { 200: actions },
      handle: ({ body }) => desk().resume(selectionOf(body)),
    }),
    route({
      method: "POST",
      path: "/commands/start",
      summary: "Start commands at once, whatever they wait for; or let stopped ones go on",
      body: selection,
      answers: { 200: actions },
      handle: ({ body }) => desk().start(selectionOf(body)),
    }),
    route({
      method: "POST",
      path: "/commands/{id}/send",
      summary: "Write to the standard input of a command, or close it",
      body: object({ input: optional(text()), base64: optional(flag), eof: optional(flag) }),
      answers: { 200: action },
      handle: ({ id, body }) => desk().send(id, body),
    }),
  ];
}
