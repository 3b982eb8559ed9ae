// What the runtime runs by, passwords and all, for whoever can show that he reads the same in
// queue.yml: command lines of its owner. Served on the socket only, and no part of the document.

import { isSameOrigin, originOf } from "../../../config/origin.ts";
import { Problem } from "../../problem.ts";
import type { ControlTarget } from "../../target.ts";
import { programVersion } from "../../version.ts";
import { type Route, route } from "../route.ts";
import { anything, mapOf, nullable, object, text } from "../schema.ts";

/** Another version may mean something else by the same words. */
const reader = object({
  version: text(),
  origin: object({
    text: text(),
    variables: mapOf(nullable(text())),
    folder: nullable(text()),
  }),
});

export function configurationRoutes(target: ControlTarget): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/configuration",
      summary: "What this runtime runs by, if that was read from the same",
      body: reader,
      changesNothing: true,
      answers: { 200: anything },
      handle({ body }) {
        const { config } = target;
        const own = originOf(config);
        const isSame = own !== undefined && isSameOrigin(own, body.origin);
        if (isSame && body.version === programVersion()) return config;
        throw new Problem(409, "this runtime read something else; read queue.yml");
      },
    }),
  ];
}
