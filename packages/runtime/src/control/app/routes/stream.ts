// What is watched rather than asked: events for people and programs, figures for Prometheus.

import type { EventType } from "../../events/listener.ts";
import { metricsText } from "../../metrics/metrics-text.ts";
import type { Backing } from "../../target.ts";
import { type Route, route } from "../route.ts";
import { listOf, oneOf, optional } from "../schema.ts";
import { id, name } from "../shapes.ts";

const types: readonly EventType[] = ["command", "counts", "processes"];
const metricsType = "text/plain; version=0.0.4; charset=utf-8";

const query = {
  types: optional(listOf(oneOf(...types), types.length)),
  id: optional(listOf(id, 1_000)),
  group: optional(listOf(name, 1_000)),
  output: optional(listOf(id, 10)),
};

export function streamRoutes({ target, events, figures }: Backing): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/events",
      summary:
        "Server-sent events: `command` (a whole row: of the ids asked for at first and whenever " +
        "it changed; else at every start, end and pause), `removed`, `counts`, `processes`, " +
        "`output`; `missed` when a Last-Event-ID was sent, because events are not kept",
      query,
      answers: { 200: { media: "text/event-stream" } },
      handle({ query: asked, header, hangUp }) {
        const { stream } = events.open({
          types: new Set(asked.types ?? types),
          ids: asked.id ? new Set(asked.id) : null,
          groups: asked.group ? new Set(asked.group) : null,
          output: asked.output ?? [],
          lastEventId: header("last-event-id"),
          hangUp,
        });
        // nothing follows on its connection, which then ends with the stream
        const one = { connection: "close", "x-accel-buffering": "no" };
        return new Response(stream, { headers: { "content-type": "text/event-stream", ...one } });
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      summary: "Figures in the text format of Prometheus",
      answers: { 200: { media: metricsType } },
      async handle() {
        const text = await metricsText(target, figures);
        return new Response(text, { headers: { "content-type": metricsType } });
      },
    }),
  ];
}
