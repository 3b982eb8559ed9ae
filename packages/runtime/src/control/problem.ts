// Errors of the control API as `application/problem+json` (RFC 9457): for programs and for people.

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** Thrown by a handler or a guard; answered with its status and one sentence. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: ContentfulStatusCode;

  constructor(status: ContentfulStatusCode, detail: string) {
    super(detail);
    this.status = status;
  }
}

export const titles: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  500: "Internal error",
  503: "Service unavailable",
};

/** As JSON Schema. */
export const problemSchema: Readonly<Record<string, unknown>> = {
  type: "object",
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
  },
  required: ["type", "title", "status", "detail"],
};

/** The same for whatever a store or a desk threw. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { name, code, message } = error as Partial<Record<"name" | "code" | "message", string>>;
  const known = name === "DeskError" ? deskStatuses : name === "StoreError" ? storeStatuses : {};
  return new Problem(known[code ?? ""] ?? 500, message ?? String(error));
}

type Statuses = Readonly<Record<string, ContentfulStatusCode>>;

const deskStatuses: Statuses = { invalid: 400, unknown: 404, conflict: 409, "no-runtime": 503 };
const storeStatuses: Statuses = {
  invalid: 400,
  conflict: 409,
  unreachable: 503,
  full: 503,
  "read-only": 503,
};

export function answerProblem(context: Context, problem: Problem): Response {
  const { status, message: detail } = problem;
  const body = { type: "about:blank", title: titles[status] ?? "Error", status, detail };
  const headers = { "content-type": "application/problem+json" };
  return context.body(JSON.stringify(body), status, headers);
}
