// The routes of the control API, and nothing about how they are reached.

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { answerProblem, Problem } from "./problem.ts";
import type { ControlTarget, RuntimeDescription } from "./target.ts";

const bodyBytes = 1_000_000;

/** `guards` run before every route, in order. */
export function controlApp(
  target: ControlTarget,
  guards: readonly Parameters<Hono["use"]>[1][] = [],
): Hono {
  const app = new Hono();
  app.onError((error, context) => answerProblem(context, asProblem(error)));
  app.notFound((context) => answerProblem(context, notHere(context)));
  app.use(async (context, next) => {
    await next();
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
  });
  for (const guard of guards) app.use("*", guard);
  app.use(
    bodyLimit({
      maxSize: bodyBytes,
      onError: (context) => {
        // What is left of the body is not read, so nothing can follow on this connection.
        context.header("connection", "close");
        throw new Problem(413, "a body can have 1 MB");
      },
    }),
  );
  addRoutes(app, target);
  return app;
}

function addRoutes(app: Hono, target: ControlTarget): void {
  app.get("/livez", (context) => context.json({ alive: true }));
  app.get("/readyz", (context) => {
    const ready = target.isReady();
    return context.json({ ready }, ready ? 200 : 503);
  });
  app.get("/status", (context) => context.json(describe(target.describe())));
  app.post("/stop", async (context) => {
    const wait = await readFlag(context, "wait");
    const stopped = target.stop();
    if (wait) {
      await stopped;
      return context.json({ stopped: true });
    }
    // Nobody waits for it any more, and the supervisor reports its own trouble.
    stopped.catch(() => undefined);
    return context.json({ stopped: false }, 202);
  });
  app.post("/quiet", async (context) => {
    const on = await readFlag(context, "on");
    target.quiet(on);
    return context.json({ quiet: on });
  });
  app.post("/reload", async (context) => {
    await readBody(context);
    await target.reload().catch((error: unknown) => {
      throw new Problem(409, error instanceof Error ? error.message : String(error));
    });
    return context.json({ reloaded: true });
  });
}

function describe(runtime: RuntimeDescription): object {
  return {
    pid: runtime.pid,
    host: runtime.host,
    started_at: new Date(runtime.startedAt).toISOString(),
    state: runtime.state,
    processes: runtime.processes.map(({ id, pid, state, rssBytes }) => ({
      id,
      pid,
      state,
      rss_bytes: rssBytes,
    })),
  };
}

/** A boolean of the body; true where the body, or the field, is missing. */
async function readFlag(context: Context, name: string): Promise<boolean> {
  const body = await readBody(context);
  const flag = Object.hasOwn(body, name) ? body[name] : true;
  if (typeof flag !== "boolean") throw new Problem(400, `"${name}" must be true or false`);
  return flag;
}

/** The JSON object of a request; an empty body is an empty object. */
async function readBody(context: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await context.req.text();
  if (text.trim() === "") return {};
  // A form can be sent by any page without asking; JSON cannot.
  if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
    throw new Problem(415, "send a body as application/json");
  }
  const body = parse(text);
  if (typeof body === "object" && body !== null && !Array.isArray(body)) {
    return body as Record<string, unknown>;
  }
  throw new Problem(400, "the body must be a JSON object");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not JSON");
  }
}

const routes: Readonly<Record<string, string>> = {
  "/livez": "GET",
  "/readyz": "GET",
  "/status": "GET",
  "/stop": "POST",
  "/quiet": "POST",
  "/reload": "POST",
};

function notHere(context: Context): Problem {
  const method = routes[context.req.path];
  if (method === undefined) return new Problem(404, "there is nothing at this path");
  context.header("allow", method);
  return new Problem(405, `this path wants ${method}`);
}

function asProblem(error: Error): Problem {
  return error instanceof Problem ? error : new Problem(500, error.message);
}
