// The control socket of a runtime as a program sees it that talks to it all the time: over one
// connection that stays open, or over a new one each time, as the command line does.

import { Agent, request } from "node:http";
import { kernelPath } from "../../../packages/runtime/src/control/socket/kernel-path.ts";
import { monotonic } from "../../support/runtime-process.ts";

export interface Timed<Body> {
  readonly body: Body;
  /** By `monotonic()`: before the request, and when the whole answer was there. */
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly ms: number;
}

export interface Question {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  /** Not over the connection that stays open. */
  readonly anew?: boolean;
}

export class Control {
  readonly #socket: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(socket: string) {
    this.#socket = kernelPath(socket);
  }

  get<Body>(path: string): Promise<Timed<Body>> {
    return this.ask({ method: "GET", path });
  }

  post<Body>(path: string, body: object): Promise<Timed<Body>> {
    return this.ask({ method: "POST", path, body });
  }

  /** Rejects with whatever is no success. */
  async ask<Body>({ method, path, body, anew = false }: Question): Promise<Timed<Body>> {
    const sent = body === undefined ? "" : JSON.stringify(body);
    const askedAt = monotonic();
    const { status, text } = await this.#exchange({ method, path, anew }, sent);
    const answeredAt = monotonic();
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    const isJson = /^[[{]/.test(text) && !path.includes("/output");
    const answer = (isJson ? JSON.parse(text) : text) as Body;
    return { body: answer, askedAt, answeredAt, ms: answeredAt - askedAt };
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    { method, path, anew }: Question,
    sent: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const headers = {
      host: "localhost",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(sent),
    };
    const agent = anew ? false : this.#agent;
    const options = { socketPath: this.#socket, method, path, agent, headers };
    return new Promise((resolve, reject) => {
      const asked = request(options, async (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      });
      asked.on("error", (error: NodeJS.ErrnoException) => {
        // the server ended an idle connection in the same moment
        const again = asked.reusedSocket && /^(?:EPIPE|ECONNRESET)$/.test(error.code ?? "");
        if (again) this.#exchange({ method, path, anew: true }, sent).then(resolve, reject);
        else reject(error);
      });
      asked.end(sent);
    });
  }
}
