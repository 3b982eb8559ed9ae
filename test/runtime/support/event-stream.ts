// A client of `GET /events`, over the socket: what it heard, in order.

import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { waitFor } from "../../support/wait-for.ts";

export interface Heard {
  readonly event: string;
  readonly id: number;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it listens to
  readonly data: any;
}

export interface EventStream {
  readonly status: number;
  readonly heard: readonly Heard[];
  /** The connection ended, however. */
  readonly ended: boolean;
  /** The first event from `from` on that fits. */
  next(event: string, fits?: (data: Heard["data"]) => boolean): Promise<Heard>;
  /** Reads nothing any more, until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

export async function listen(
  socketPath: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const asked: ClientRequest = request({
    socketPath,
    path,
    headers: { host: "localhost", ...headers },
  });
  asked.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on("response", resolve);
    asked.on("error", reject);
  });
  const heard: Heard[] = [];
  const state = { ended: false, rest: "" };
  response.setEncoding("utf8");
  response.on("data", (text: string) => {
    const parts = (state.rest + text).split("\n\n");
    state.rest = parts.pop()!;
    heard.push(...parts.flatMap(parse));
  });
  response.on("error", () => undefined);
  response.on("close", () => {
    state.ended = true;
  });
  return {
    status: response.statusCode!,
    heard,
    get ended() {
      return state.ended;
    },
    next: (event, fits = () => true) =>
      waitFor(() => heard.find((each) => each.event === event && fits(each.data)), {
        what: `the event ${event} (heard ${heard.map((each) => each.event).join()})`,
      }),
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => asked.destroy(),
  };
}

function parse(text: string): Heard[] {
  const fields = new Map(text.split("\n").map((line) => splitAt(line, line.indexOf(": "))));
  const event = fields.get("event");
  if (event === undefined) return [];
  return [{ event, id: Number(fields.get("id")), data: JSON.parse(fields.get("data")!) }];
}

function splitAt(line: string, at: number): [string, string] {
  return [line.slice(0, at), line.slice(at + 2)];
}
