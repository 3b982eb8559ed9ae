// What commands wrote: bytes as they are, whatever they mean.

import { newestAttempt, outputFile } from "../../output/files.ts";
import { readOutput } from "../../output/read.ts";
import { Problem } from "../../problem.ts";
import type { Backing, ControlTarget } from "../../target.ts";
import { type Route, route } from "../route.ts";
import { flag, integer, optional } from "../schema.ts";

const query = {
  attempt: optional(integer(1, 1_000_000)),
  lines: optional(integer(0, 1_000_000)),
  stderr: optional(flag),
};

interface Asked {
  readonly attempt?: number;
  readonly lines?: number;
  readonly stderr?: boolean;
}

export function outputRoutes({ target }: Backing): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/commands/{id}/output",
      summary: "What a run wrote: all that is kept of it, or its last lines",
      query,
      answers: { 200: { media: "text/plain; charset=utf-8" } },
      async handle({ id, query: asked }) {
        const read = await outputOf(target, id, asked);
        const headers = {
          "content-type": "text/plain; charset=utf-8",
          "content-security-policy": "default-src 'none'; sandbox",
          "x-output-attempt": String(read.attempt),
          "x-output-bytes": String(read.bytes),
          "x-output-truncated": String(read.truncated),
        };
        return new Response(read.stream, { headers });
      },
    }),
  ];
}

/** Of a command that has not begun there is none, and that is no mistake. */
async function outputOf({ config, store }: ControlTarget, id: number, asked: Asked) {
  const job = await store.commands.find(id);
  if (job === null) throw new Problem(404, `there is no command ${id}`);
  const { stderr = false } = asked;
  if (stderr && !job.command.separate) {
    throw new Problem(
      400,
      `command ${id} writes its errors between its output: ask without stderr`,
    );
  }
  const folder = config.commands?.output;
  if (folder === undefined) throw new Problem(503, "this runtime runs no commands");
  const attempt = asked.attempt ?? newestAttempt(folder, job);
  const read = await readOutput(outputFile(folder, { id, attempt, stderr }), asked.lines ?? null);
  if (read !== null) return { ...read, attempt };
  if (asked.attempt !== undefined) {
    throw new Problem(404, `of attempt ${attempt} of command ${id} there is no output here`);
  }
  return { stream: null, bytes: 0, truncated: false, attempt };
}
