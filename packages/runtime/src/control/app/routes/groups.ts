// Groups of commands.

import type { Backing } from "../../target.ts";
import { groupShape } from "../command-shapes.ts";
import { type Route, route } from "../route.ts";
import { flag, integer, listOf, object, optional } from "../schema.ts";
import { name, queueOutcome } from "../shapes.ts";

const settings = {
  slots: optional(integer(0, 1_000_000)),
  pause_on_failure: optional(flag),
};

export function groupRoutes({ desk }: Backing): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/groups",
      summary: "The groups of commands, with how many each has",
      answers: { 200: listOf(groupShape, 100_000) },
      handle: () => desk().groups(),
    }),
    route({
      method: "POST",
      path: "/groups",
      summary: "Add a group; it has 1 slot unless told otherwise, 0 is no limit",
      body: object({ name, ...settings }),
      answers: { 200: queueOutcome },
      async handle({ body: { name, ...options } }) {
        await desk().addGroup(name, options);
        return { name, outcome: "added" };
      },
    }),
    route({
      method: "POST",
      path: "/groups/{name}",
      summary: "Change a group; what runs goes on",
      body: object(settings),
      answers: { 200: queueOutcome },
      async handle({ name, body }) {
        await desk().setGroup(name, body);
        return { name, outcome: "changed" };
      },
    }),
    route({
      method: "DELETE",
      path: "/groups/{name}",
      summary: "Remove a group that has no commands",
      answers: { 200: queueOutcome },
      async handle({ name }) {
        await desk().removeGroup(name);
        return { name, outcome: "removed" };
      },
    }),
  ];
}
