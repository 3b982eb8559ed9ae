// Asks a running supervisor over its control socket. The command line is its one user.

import type { Agent, IncomingMessage, RequestOptions } from "node:http";
import { kernelPath } from "./socket-path.ts";

/**
 * Not by an import, which would look at everything that the module has: at `WebSocket`, too, and
 * with that Node loads all of fetch: a fifth of what `runtime add` takes.
 */
export const http: typeof import("node:http") = process.getBuiltinModule("node:http");

export interface Answer {
  readonly status: number;
  /** The JSON of the answer; null when it has none. */
  readonly body: unknown;
}

export interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** How long to wait for the whole answer, in milliseconds; 2,000 by default. */
  readonly timeoutMs?: number;
  /** Keeps connections for several questions; without one each has its own. */
  readonly agent?: Agent;
}

/** What a runtime takes. */
const mostBytes = 1_000_000;

/** No process listens on the socket. */
export class NothingListensError extends Error {
  override readonly name = "NothingListensError";

  constructor(socket: string) {
    super(`no runtime listens on ${socket}; \`runtime start\` starts one`);
  }
}

/** The connection was made and no answer came: too late, or the runtime ended meanwhile. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

/**
 * @throws NothingListensError, NoAnswerError, or the system's error (such as no permission)
 */
export async function ask(socket: string, question: Question): Promise<Answer> {
  const { body, timeoutMs = 2_000 } = question;
  const text = body === undefined ? "" : JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  // a server that refuses it would end the connection while we still write
  if (bytes > mostBytes) throw tooLarge(bytes);
  return await new Promise((resolve, reject) => {
    const asked = http.request(options(socket, question), (response) => {
      read(response).then(resolve, (error: Error) => reject(noAnswer(socket, error)));
    });
    const late = new NoAnswerError(`the runtime on ${socket} gave no answer in ${timeoutMs} ms`);
    const timer = setTimeout(() => asked.destroy(late), timeoutMs);
    asked.on("error", (error) => reject(explain(socket, error)));
    asked.on("close", () => clearTimeout(timer));
    asked.setHeader("content-length", bytes);
    asked.end(text);
  });
}

function tooLarge(bytes: number): Error {
  const much = `${Math.ceil(bytes / 1_000)} kB are too much for one request, which can have 1000`;
  return new Error(`${much}; do it in several parts, such as a few thousand ids at a time`);
}

function options(socket: string, { method, path, agent = false }: RequestWords): RequestOptions {
  return {
    socketPath: kernelPath(socket),
    method,
    path,
    agent,
    headers: { host: "localhost", "content-type": "application/json" },
  };
}

interface RequestWords extends Pick<Question, "method" | "path"> {
  readonly agent?: Agent | false;
}

async function read(response: IncomingMessage): Promise<Answer> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += chunk;
  const json = /\bjson\b/.test(response.headers["content-type"] ?? "");
  return { status: response.statusCode ?? 0, body: json ? JSON.parse(text) : null };
}

function explain(socket: string, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return new NothingListensError(socket);
    case "EACCES":
      return new Error(`${socket} belongs to another user; run this as the one that started it`);
    case "ECONNRESET":
    case "EPIPE":
      return noAnswer(socket, error);
    default:
      return error;
  }
}

function noAnswer(socket: string, error: Error): NoAnswerError {
  if (error instanceof NoAnswerError) return error;
  const sentence = `the runtime on ${socket} ended before it answered`;
  return new NoAnswerError(sentence, { cause: error });
}
