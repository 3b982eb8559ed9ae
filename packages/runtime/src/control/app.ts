// The control API as a web application, and nothing about how it is reached. What it can be asked
// is one table of routes: this file walks it.

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { readInput } from "./app/request.ts";
import { Reply, type Route } from "./app/route.ts";
import { allRoutes } from "./app/routes.ts";
import { answerProblem, asProblem, Problem } from "./problem.ts";
import type { Backing } from "./target.ts";

const bodyBytes = 1_000_000;

export interface AppOptions {
  /** They run before every route, in order. */
  readonly guards?: readonly Parameters<Hono["use"]>[1][];
  /** Served beside those of the document. */
  readonly others?: readonly Route[];
}

export function controlApp(backing: Backing, options: AppOptions = {}): Hono {
  const { guards = [], others = [] } = options;
  const app = new Hono();
  const routes = [...allRoutes(backing), ...others];
  app.onError((error, context) => answerProblem(context, asProblem(error)));
  app.notFound((context) => answerProblem(context, notHere(context, routes)));
  app.use(async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
  });
  for (const guard of guards) app.use("*", guard);
  app.use(limitBodies());
  for (const route of routes) serve(app, route, backing);
  return app;
}

function limitBodies(): ReturnType<typeof bodyLimit> {
  return bodyLimit({
    maxSize: bodyBytes,
    onError: (context) => {
      // What is left of the body is not read, so nothing can follow on this connection.
      context.header("connection", "close");
      throw new Problem(413, "a body can have 1 MB");
    },
  });
}

function serve(app: Hono, route: Route, { target, events }: Backing): void {
  const status = Number(Object.keys(route.answers)[0]) as ContentfulStatusCode;
  app.on(route.method, honoPath(route.path), async (context) => {
    const input = await readInput(context, route);
    const answer = await route.handle(input);
    // nobody else is told of our own writes
    if (route.method !== "GET" && !route.changesNothing) {
      target.wrote();
      events.touch();
    }
    if (answer instanceof Response) return answer;
    if (!(answer instanceof Reply)) return context.json(answer as object, status);
    return context.json(answer.body as object, answer.status as ContentfulStatusCode);
  });
}

function honoPath(path: string): string {
  return path.replaceAll("{id}", ":id{[1-9][0-9]{0,15}}").replaceAll("{name}", ":name");
}

function notHere(context: Context, routes: readonly Route[]): Problem {
  const { path } = context.req;
  const here = routes.filter((route) => patternOf(route.path).test(path));
  if (here.length === 0) return new Problem(404, "there is nothing at this path");
  const methods = here.map(({ method }) => method).join(", ");
  context.header("allow", methods);
  return new Problem(405, `this path wants ${methods}`);
}

function patternOf(path: string): RegExp {
  const pattern = path
    .replaceAll(".", "\\.")
    .replaceAll("{id}", "[1-9][0-9]{0,15}")
    .replaceAll("{name}", "[^/]+");
  return new RegExp(`^${pattern}$`);
}
