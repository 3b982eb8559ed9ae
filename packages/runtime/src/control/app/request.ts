// From a request to what its route is given: path, query and body, each checked or refused.

import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { Problem } from "../problem.ts";
import type { Input, Route } from "./route.ts";
import { isOptional, type Shape } from "./schema.ts";
import { id, name } from "./shapes.ts";

/** @throws Problem */
export async function readInput(context: Context, route: Route): Promise<Input<Shape, unknown>> {
  const { req } = context;
  const given = req.param();
  return {
    id: given.id === undefined ? 0 : id.read(Number(given.id), "the id"),
    name: given.name === undefined ? "" : name.read(given.name, "the name"),
    query: readQuery(req.queries(), (route.query ?? {}) as Shape),
    body: route.method === "POST" ? await readBody(context, route) : undefined,
    header: (name) => req.header(name) ?? null,
    hangUp: () => (context.env as HttpBindings).outgoing.destroy(),
  };
}

function readQuery(
  given: Readonly<Record<string, readonly string[]>>,
  fields: Shape,
): Readonly<Record<string, unknown>> {
  const known = Object.keys(fields);
  const stranger = Object.keys(given).find((each) => !Object.hasOwn(fields, each));
  if (stranger !== undefined) {
    const hint = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
    const shown = JSON.stringify(stranger.slice(0, 60));
    throw new Problem(400, `this path has no parameter ${shown}; ${hint}`);
  }
  const found = known.flatMap((each) => {
    const field = fields[each]!;
    const texts = Object.hasOwn(given, each) ? given[each]! : null;
    if (texts === null && isOptional(field)) return [];
    if (texts === null) throw new Problem(400, `the parameter "${each}" is missing`);
    const where = `the parameter "${each}"`;
    const value = field.fromTexts ? field.fromTexts(texts, where) : texts[0];
    return [[each, field.read(value, where)]];
  });
  return Object.fromEntries(found);
}

/** An empty body is an empty object. */
async function readBody(context: Context, route: Route): Promise<unknown> {
  const text = await context.req.text();
  const value = text.trim() === "" ? {} : parse(context, text);
  if (route.body) return route.body.read(value, "the body");
  if (typeof value !== "object" || value === null || Object.keys(value).length > 0) {
    throw new Problem(400, "this path takes no body");
  }
  return undefined;
}

function parse(context: Context, text: string): unknown {
  // A form can be sent by any page without asking; JSON cannot.
  if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
    throw new Problem(415, "send a body as application/json");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not JSON");
  }
}
