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

const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Content too large",
  415: "Unsupported media type",
  500: "Internal error",
};

export function answerProblem(context: Context, problem: Problem): Response {
  const { status, message: detail } = problem;
  const body = { type: "about:blank", title: titles[status] ?? "Error", status, detail };
  const headers = { "content-type": "application/problem+json" };
  return context.body(JSON.stringify(body), status, headers);
}
