// Asks a running supervisor over its control socket. The command line is its one user, and most of
// what a command line takes is to load itself: so this is the little of HTTP that one question to
// a server of our own needs. With node:http `runtime status` would take an eighth longer.

import { connect } from "node:net";
import { kernelPath } from "./socket/kernel-path.ts";

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
  const { timeoutMs = 2_000 } = question;
  const request = written(question);
  return await new Promise((resolve, reject) => {
    const line = connect(kernelPath(socket));
    const late = new NoAnswerError(`the runtime on ${socket} gave no answer in ${timeoutMs} ms`);
    const timer = setTimeout(() => line.destroy(late), timeoutMs);
    const chunks: Buffer[] = [];
    let trouble: Error | undefined;
    line.on("data", (chunk) => chunks.push(chunk));
    line.on("error", (error) => {
      trouble = explain(socket, error);
    });
    line.on("close", () => {
      clearTimeout(timer);
      const answer = read(Buffer.concat(chunks));
      if (answer !== null) resolve(answer);
      else reject(trouble ?? noAnswer(socket));
    });
    line.write(request);
  });
}

/** Of HTTP 1.0, where the end of the connection is the end of the answer. */
function written({ method, path, body }: Question): string {
  const text = body === undefined ? "" : JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  // a server that refuses it would end the connection while we still write
  if (bytes > mostBytes) throw tooLarge(bytes);
  const head = [
    `${method} ${path} HTTP/1.0`,
    "host: localhost",
    "content-type: application/json",
    `content-length: ${bytes}`,
  ];
  return `${head.join("\r\n")}\r\n\r\n${text}`;
}

function tooLarge(bytes: number): Error {
  const much = `${Math.ceil(bytes / 1_000)} kB are too much for one request, which can have 1000`;
  return new Error(`${much}; do it in several parts, such as a few thousand ids at a time`);
}

/** null: it is not whole. */
function read(bytes: Buffer): Answer | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = bytes.toString("latin1", 0, end);
  const body = bytes.subarray(end + 4);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? body.length);
  if (Number.isNaN(status) || body.length < length) return null;
  const isJson = /^content-type:.*\bjson\b/im.test(head);
  try {
    return { status, body: isJson && body.length > 0 ? JSON.parse(body.toString()) : null };
  } catch {
    return null;
  }
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

function noAnswer(socket: string, error?: Error): NoAnswerError {
  const sentence = `the runtime on ${socket} ended before it answered`;
  return new NoAnswerError(sentence, { cause: error });
}
